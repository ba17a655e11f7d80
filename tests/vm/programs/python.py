# Python's ways to make processes and to wait: the same lines on the host.
import fcntl, mmap, os, pty, resource, select, shutil, signal, subprocess, tempfile, threading, time
from concurrent.futures import ThreadPoolExecutor
from multiprocessing import Pool, Process, Queue

print(subprocess.run(['sh', '-c', 'echo hi; exit 3'], capture_output=True))
print(len(subprocess.Popen(['cat'], stdin=subprocess.PIPE, stdout=subprocess.PIPE).communicate(b'x' * 200000)[0]))
pid = os.fork()
if pid == 0:
    os._exit(7)
print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
seen = []
threads = [threading.Thread(target=lambda i=i: seen.append(i)) for i in range(20)]
[t.start() for t in threads]
[t.join() for t in threads]
print(sorted(seen))
shared = mmap.mmap(-1, 4096)
if os.fork() == 0:
    shared[0:5] = b'hello'
    os._exit(0)
os.wait()
print(shared[0:5])
r, w = os.pipe()
print(select.select([r], [w], [], 0.1) == ([], [w], []))
os.write(w, b'z')
print(select.select([r], [], [], 1)[0] == [r])
ep = select.epoll()
ep.register(r, select.EPOLLIN)
print(ep.poll(1) == [(r, 1)])
signal.signal(signal.SIGALRM, lambda s, f: print('alarm'))
signal.setitimer(signal.ITIMER_REAL, 0.05)
time.sleep(0.3)
with tempfile.TemporaryFile() as f:
    f.write(b'abc')
    f.seek(0)
    print(f.read())
os.waitpid(os.posix_spawn('/bin/echo', ['echo', 'spawned'], os.environ), 0)
try:
    os.execv('/nonexistent', ['x'])
except OSError as e:
    print(e)
with open('lock', 'w') as f:
    fcntl.lockf(f, fcntl.LOCK_EX | fcntl.LOCK_NB)
    fcntl.flock(f, fcntl.LOCK_EX)
    print('locked')
os.unlink('lock')
pid, fd = pty.fork()
if pid == 0:
    print(os.isatty(0))
    os._exit(0)
os.waitpid(pid, 0)
said = b''
try:
    while True:
        said += os.read(fd, 100)
except OSError as e:
    print(said, e)
q = Queue()
p = Process(target=lambda: q.put('from another process'))
p.start()
print(q.get())
p.join()
with Pool(3) as pool:
    print(pool.map(abs, range(-5, 0)))
print(sum(ThreadPoolExecutor(4).map(lambda x: x * x, range(100))))
os.mkdir('from')
open('from/a', 'w').close()
shutil.copytree('from', 'to')
print(os.listdir('to'), resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss > 0)
shutil.rmtree('from')
shutil.rmtree('to')
