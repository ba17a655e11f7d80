/*
 * seccomp/bpf.c: the classic BPF machine as seccomp uses it: an accumulator A, an index X, sixteen words of memory, jumps
 * that only go forward (so every program ends), and as its packet the words of struct seccomp_data.
 * bpf_check() decides once, when a filter is installed, all that bpf_run() then need not look at.
 * Locks: none. Errors: -EINVAL. Source: seccomp(2); bpf(4) of BSD for the machine; linux/filter.h for its encoding.
 * What seccomp refuses of classic BPF: loads of bytes and halves, loads at a computed place, MSH, MOD.
 */
#include "seccomp/bpf.h"
#include "base/errno.h"
#include <linux/seccomp.h>

/* -- the check -- */

/* An arithmetic instruction whose constant would make no sense. */
static bool is_bad_constant(const struct sock_filter *i)
{
	switch (i->code) {
	case BPF_ALU | BPF_DIV | BPF_K:
		return i->k == 0;
	case BPF_ALU | BPF_LSH | BPF_K: case BPF_ALU | BPF_RSH | BPF_K:
		return i->k >= 32;
	default:
		return false;
	}
}

static bool is_offered(u16 code)
{
	switch (code) {
	case BPF_LD | BPF_W | BPF_ABS: case BPF_LD | BPF_W | BPF_LEN: case BPF_LDX | BPF_W | BPF_LEN:
	case BPF_LD | BPF_IMM: case BPF_LDX | BPF_IMM: case BPF_LD | BPF_MEM: case BPF_LDX | BPF_MEM:
	case BPF_ST: case BPF_STX: case BPF_MISC | BPF_TAX: case BPF_MISC | BPF_TXA:
	case BPF_ALU | BPF_ADD | BPF_K: case BPF_ALU | BPF_ADD | BPF_X:
	case BPF_ALU | BPF_SUB | BPF_K: case BPF_ALU | BPF_SUB | BPF_X:
	case BPF_ALU | BPF_MUL | BPF_K: case BPF_ALU | BPF_MUL | BPF_X:
	case BPF_ALU | BPF_DIV | BPF_K: case BPF_ALU | BPF_DIV | BPF_X:
	case BPF_ALU | BPF_AND | BPF_K: case BPF_ALU | BPF_AND | BPF_X:
	case BPF_ALU | BPF_OR | BPF_K: case BPF_ALU | BPF_OR | BPF_X:
	case BPF_ALU | BPF_XOR | BPF_K: case BPF_ALU | BPF_XOR | BPF_X:
	case BPF_ALU | BPF_LSH | BPF_K: case BPF_ALU | BPF_LSH | BPF_X:
	case BPF_ALU | BPF_RSH | BPF_K: case BPF_ALU | BPF_RSH | BPF_X: case BPF_ALU | BPF_NEG:
	case BPF_JMP | BPF_JA:
	case BPF_JMP | BPF_JEQ | BPF_K: case BPF_JMP | BPF_JEQ | BPF_X:
	case BPF_JMP | BPF_JGE | BPF_K: case BPF_JMP | BPF_JGE | BPF_X:
	case BPF_JMP | BPF_JGT | BPF_K: case BPF_JMP | BPF_JGT | BPF_X:
	case BPF_JMP | BPF_JSET | BPF_K: case BPF_JMP | BPF_JSET | BPF_X:
	case BPF_RET | BPF_K: case BPF_RET | BPF_A:
		return true;
	default:
		return false;
	}
}

static bool is_memory(u16 code)
{
	return code == (BPF_LD | BPF_MEM) || code == (BPF_LDX | BPF_MEM) || code == BPF_ST || code == BPF_STX;
}

/* left: how many instructions follow this one. */
static bool is_good(const struct sock_filter *i, u32 left)
{
	if (!is_offered(i->code) || is_bad_constant(i))
		return false;
	if (is_memory(i->code))
		return i->k < BPF_MEMWORDS;
	if (i->code == (BPF_LD | BPF_W | BPF_ABS))
		return i->k < sizeof(struct seccomp_data) && i->k % sizeof(u32) == 0;
	if (i->code == (BPF_JMP | BPF_JA))
		return i->k < left;
	if (BPF_CLASS(i->code) == BPF_JMP)
		return i->jt < left && i->jf < left;
	return true;
}

/* What is known at the start of an instruction: which words of memory every way to it has written. A jump reaches 255
 * instructions ahead, or (JA) anywhere: the words known there are kept per instruction, in a table of the caller's. */
static void jump_meets(u16 *known, u32 target, u16 written) { known[target] &= written; }

static bool memory_is_written_before_read(const struct bpf_program *p, u16 *known)
{
	u16 written = 0;

	for (u32 pc = 0; pc < p->length; pc++)
		known[pc] = 0xffff;
	for (u32 pc = 0; pc < p->length; pc++) {
		const struct sock_filter *i = &p->insns[pc];

		written &= known[pc];
		if (i->code == BPF_ST || i->code == BPF_STX) {
			written |= (u16)BIT(i->k);
		} else if (is_memory(i->code)) {
			if (!(written & BIT(i->k)))
				return false;
		} else if (i->code == (BPF_JMP | BPF_JA)) {
			jump_meets(known, pc + 1 + i->k, written);
			written = 0xffff;
		} else if (BPF_CLASS(i->code) == BPF_JMP) {
			jump_meets(known, pc + 1 + i->jt, written);
			jump_meets(known, pc + 1 + i->jf, written);
			written = 0xffff;
		}
	}
	return true;
}

int bpf_check(const struct bpf_program *p, u16 *known)
{
	if (!p->length || p->length > BPF_MAXINSNS)
		return -EINVAL;
	for (u32 pc = 0; pc < p->length; pc++) {
		if (!is_good(&p->insns[pc], p->length - pc - 1))
			return -EINVAL;
	}
	if (BPF_CLASS(p->insns[p->length - 1].code) != BPF_RET)
		return -EINVAL;
	return memory_is_written_before_read(p, known) ? 0 : -EINVAL;
}

/* -- the machine -- */

static u32 compute(u16 code, u32 a, u32 b)
{
	switch (BPF_OP(code)) {
	case BPF_ADD: return a + b;
	case BPF_SUB: return a - b;
	case BPF_MUL: return a * b;
	case BPF_DIV: return a / b;
	case BPF_AND: return a & b;
	case BPF_OR: return a | b;
	case BPF_XOR: return a ^ b;
	case BPF_LSH: return a << (b & 31);
	case BPF_RSH: return a >> (b & 31);
	default: return -a;		/* BPF_NEG */
	}
}

static bool holds(u16 code, u32 a, u32 b)
{
	switch (BPF_OP(code)) {
	case BPF_JEQ: return a == b;
	case BPF_JGT: return a > b;
	case BPF_JGE: return a >= b;
	default: return a & b;		/* BPF_JSET */
	}
}

u32 bpf_run(const struct bpf_program *p, const u32 *data)
{
	u32 a = 0, x = 0, memory[BPF_MEMWORDS];

	for (const struct sock_filter *i = p->insns;; i++) {
		u32 operand = BPF_SRC(i->code) == BPF_X ? x : i->k;

		switch (i->code) {
		case BPF_LD | BPF_W | BPF_ABS: a = data[i->k / sizeof(u32)]; continue;
		case BPF_LD | BPF_W | BPF_LEN: a = sizeof(struct seccomp_data); continue;
		case BPF_LDX | BPF_W | BPF_LEN: x = sizeof(struct seccomp_data); continue;
		case BPF_LD | BPF_IMM: a = i->k; continue;
		case BPF_LDX | BPF_IMM: x = i->k; continue;
		case BPF_LD | BPF_MEM: a = memory[i->k]; continue;
		case BPF_LDX | BPF_MEM: x = memory[i->k]; continue;
		case BPF_ST: memory[i->k] = a; continue;
		case BPF_STX: memory[i->k] = x; continue;
		case BPF_MISC | BPF_TAX: x = a; continue;
		case BPF_MISC | BPF_TXA: a = x; continue;
		case BPF_RET | BPF_K: return i->k;
		case BPF_RET | BPF_A: return a;
		case BPF_JMP | BPF_JA: i += i->k; continue;
		default: break;
		}
		if (BPF_CLASS(i->code) == BPF_JMP) {
			i += holds(i->code, a, operand) ? i->jt : i->jf;
			continue;
		}
		if (i->code == (BPF_ALU | BPF_DIV | BPF_X) && !operand)
			return 0;	/* the program ends, and 0 is SECCOMP_RET_KILL_THREAD */
		a = compute(i->code, a, operand);
	}
}
