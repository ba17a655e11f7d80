// What the host tool and the init in the VM say to each other, over one virtio-serial device with four named ports.
//
//   furca.in   (port 1)  host to guest: the program's standard input
//   furca.out  (port 2)  guest to host: its standard output, or what its terminal shows
//   furca.err  (port 3)  guest to host: its standard error
//   furca.ctl  (port 4)  both ways: framed messages, a ctl_head and then `size` bytes
//
// The ports stay open for the whole run. An end of file is a message that says how many bytes there were in all, so
// nothing depends on what a kernel does with data that is still queued when a port is closed; in the same way
// CTL_EXIT says how many bytes of output must have arrived before the run is over.
// Numbers are little-endian, as on both sides.
#ifndef FURCA_CLI_PROTOCOL_H
#define FURCA_CLI_PROTOCOL_H

#include <stdint.h>

#define FURCA_DIR "/.furca" // in the initramfs; removed by init once it is read
#define FURCA_INIT FURCA_DIR "/init"
#define FURCA_CONFIG FURCA_DIR "/config"
#define FURCA_STDIN FURCA_DIR "/stdin" // --deterministic: standard input packed beforehand
#define FURCA_MISSING "/proc/furca/missing"

enum { PORT_IN = 1, PORT_OUT, PORT_ERR, PORT_CTL, PORT_COUNT = PORT_CTL };
#define PORT_NAMES                                                                                                     \
	{ "", "furca.in", "furca.out", "furca.err", "furca.ctl" }

enum ctl_type {
	// host to guest
	CTL_EOF = 1,	 // u64: bytes sent on furca.in in all
	CTL_SIGNAL,	 // u32: signal number
	CTL_WINSIZE,	 // struct ctl_winsize
	CTL_READER_GONE, // u32: PORT_OUT or PORT_ERR: nobody reads it any more
	CTL_BYE,	 // all has been received: the VM may end
	// guest to host
	CTL_STARTED = 64, // the program runs
	CTL_INPUT_DONE,	  // nobody reads standard input any more
	CTL_TTY,	  // bytes for the caller's terminal when neither output is one (the echo of what is typed)
	CTL_MISSING,	  // text: files that were looked for and not found, one a line
	CTL_FAILED,	  // struct ctl_failed: the program could not be started
	CTL_ENDED,	  // u32, its wait status: the program has died; what is left of its output is on its way
	CTL_EXIT,	  // struct ctl_exit: that was all
};

enum { CTL_MAX = 65536 }; // no message is larger

struct ctl_head {
	uint32_t type, size;
};
struct ctl_winsize {
	uint16_t rows, cols, xpixel, ypixel;
};
enum ctl_step { STEP_EXEC = 1, STEP_CHDIR, STEP_SETUP };
struct ctl_failed {
	uint32_t step, error; // enum ctl_step, errno
};
struct ctl_exit {
	uint32_t status, zero; // as wait(2) gives it
	uint64_t out_bytes, err_bytes;
};

// The configuration is a row of NUL-terminated "key=value" records, so that any byte that an argument may hold is kept.
//   exe=PATH            what is executed
//   arg=, env=          in order, repeated
//   cwd=DIR
//   tty=N               bits 0, 1, 2: which standard streams are terminals for the caller
//   merge=1             standard output and error are one and the same file for the caller
//   cooked=1            the caller's terminal does the output processing itself (it is not in raw mode)
//   win=ROWS COLS XP YP
//   termios=IFLAG OFLAG LFLAG CC...    hexadecimal
//   ignore=N            signal that is ignored from the start, repeated
//   host=NAME           host name
//   mod=PATH            kernel modules to load, in order, repeated
//   stdin=PATH          standard input is this file (and not furca.in)
#endif
