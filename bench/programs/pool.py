"""A parent of 1 GiB, all of it touched, and a pool of 8 workers: made, 64 small pieces of work each, closed; three times."""
import multiprocessing
import time

BYTES = 1 << 30


def work(i):
    return sum(range(i % 100 + 1000))


if __name__ == "__main__":
    block = bytearray(b"x") * BYTES
    multiprocessing.set_start_method("fork")
    times = []
    for _ in range(3):
        begin = time.monotonic()
        with multiprocessing.Pool(8) as pool:
            pool.map(work, range(512), chunksize=8)
            pool.close()
            pool.join()
        times.append(time.monotonic() - begin)
    print("measured pool_1g %d ms" % (sorted(times)[1] * 1000))
    assert block[-1] == ord("x")
