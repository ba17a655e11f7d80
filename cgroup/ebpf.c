/*
 * cgroup/ebpf.c: the eBPF machine as far as programs about devices use it: ten registers of 64 bits, arithmetic, jumps that
 * only go forward (so every program ends), loads from the question that r1 points to. ebpf_check() decides once all that
 * ebpf_run() then need not look at.
 * Locks: none. Errors: EINVAL, EACCES. Source: bpf(2); the BPF instruction set in Linux's documentation.
 * Differences from Linux: no stack, no maps, no calls, no loops, no constants of 64 bits, no sum of a pointer and a number.
 */
#include "cgroup/ebpf.h"
#include "base/errno.h"

#define REGISTERS 10	/* r10, the frame pointer, points nowhere here */
#define EVERYTHING ((struct ebpf_known){ 0xffff, 0xffff })	/* no way leads here */

/* -- the check ---------------------------------------------------------------------------------------------------- */
static bool is_64bit(u8 code) { return BPF_CLASS(code) == BPF_ALU64 || BPF_CLASS(code) == BPF_JMP; }
static bool is_alu(u8 code) { return BPF_CLASS(code) == BPF_ALU || BPF_CLASS(code) == BPF_ALU64; }
static bool is_jump(u8 code) { return BPF_CLASS(code) == BPF_JMP || BPF_CLASS(code) == BPF_JMP32; }
static bool is_exit(u8 code) { return code == (BPF_JMP | BPF_EXIT); }
static bool is_always(u8 code) { return code == (BPF_JMP | BPF_JA); }

/* The operand is a register or a constant; what is not used is zero. */
static int check_operand(const struct bpf_insn *i)
{
	if (BPF_SRC(i->code) == BPF_X)
		return i->imm ? -EINVAL : 0;
	return i->src_reg ? -EINVAL : 0;
}

static int check_alu(const struct bpf_insn *i)
{
	bool is_constant = BPF_SRC(i->code) == BPF_K;

	if (i->off || BPF_OP(i->code) > BPF_ARSH)
		return -EINVAL;
	switch (BPF_OP(i->code)) {
	case BPF_NEG:
		return is_constant && !i->src_reg && !i->imm ? 0 : -EINVAL;
	case BPF_DIV: case BPF_MOD:
		return is_constant && !i->imm ? -EINVAL : check_operand(i);
	case BPF_LSH: case BPF_RSH: case BPF_ARSH:
		return is_constant && (u32)i->imm >= (is_64bit(i->code) ? 64 : 32) ? -EINVAL : check_operand(i);
	default:
		return check_operand(i);
	}
}

/* left: how many instructions follow this one. */
static int check_jump(const struct bpf_insn *i, u32 left)
{
	if (is_exit(i->code) || is_always(i->code)) {
		if (i->dst_reg || i->src_reg || i->imm || (is_exit(i->code) && i->off))
			return -EINVAL;
		return is_exit(i->code) || (i->off >= 0 && (u32)i->off < left) ? 0 : -EINVAL;
	}
	if (BPF_OP(i->code) > BPF_JSLE || BPF_OP(i->code) == BPF_CALL || BPF_OP(i->code) == BPF_EXIT || !BPF_OP(i->code))
		return -EINVAL;
	return i->off >= 0 && (u32)i->off < left ? check_operand(i) : -EINVAL;
}

static int load_bytes(u8 code)
{
	return BPF_SIZE(code) == BPF_W ? 4 : BPF_SIZE(code) == BPF_H ? 2 : 1;
}

/* A field of the question, or a part of the first. */
static int check_load(const struct bpf_insn *i)
{
	int bytes = load_bytes(i->code);

	if (i->imm || BPF_MODE(i->code) != BPF_MEM || BPF_SIZE(i->code) == BPF_DW)
		return -EINVAL;
	return i->off >= 0 && i->off % bytes == 0 && i->off + bytes <= (bytes == 4 ? 12 : 4) ? 0 : -EACCES;
}

static int check_shape(const struct bpf_insn *i, u32 left)
{
	if (i->dst_reg > REGISTERS || i->src_reg > REGISTERS)
		return -EINVAL;
	if (is_alu(i->code))
		return check_alu(i);
	if (is_jump(i->code))
		return check_jump(i, left);
	return BPF_CLASS(i->code) == BPF_LDX ? check_load(i) : -EINVAL;
}

/* What i reads and writes, all ways to it knowing *k, which it changes to what is known after it. */
static int check_registers(const struct bpf_insn *i, struct ebpf_known *k)
{
	u16 dst = (u16)BIT(i->dst_reg), src = (u16)BIT(i->src_reg);
	bool is_move = is_alu(i->code) && BPF_OP(i->code) == BPF_MOV, has_source = BPF_SRC(i->code) == BPF_X;
	bool is_pointer = false;

	if (is_exit(i->code))
		return k->numbers & BIT(0) ? 0 : -EACCES;
	if (is_always(i->code))
		return 0;
	if (BPF_CLASS(i->code) == BPF_LDX) {
		if (!(k->questions & src))
			return -EACCES;
	} else {
		is_pointer = is_move && has_source && is_64bit(i->code) && (k->questions & src);
		if (has_source && !is_pointer && !(k->numbers & src))
			return -EACCES;
		if (!is_move && !(k->numbers & dst))
			return -EACCES;
	}
	if (is_jump(i->code))
		return 0;
	if (i->dst_reg == REGISTERS)
		return -EACCES;
	k->numbers = (u16)((k->numbers & ~dst) | (is_pointer ? 0 : dst));
	k->questions = (u16)((k->questions & ~dst) | (is_pointer ? dst : 0));
	return 0;
}

/* One more way leads to the instruction. */
static void meet(struct ebpf_known *there, struct ebpf_known k)
{
	there->numbers &= k.numbers;
	there->questions &= k.questions;
}

int ebpf_check(const struct ebpf_program *p, struct ebpf_known *known)
{
	for (u32 pc = 0; pc < p->length; pc++)
		known[pc] = EVERYTHING;
	known[0] = (struct ebpf_known){ 0, p->type == BPF_PROG_TYPE_CGROUP_DEVICE ? (u16)BIT(1) : 0 };
	for (u32 pc = 0; pc < p->length; pc++) {
		const struct bpf_insn *i = &p->insns[pc];
		struct ebpf_known k = known[pc];
		bool is_reached = k.numbers != EVERYTHING.numbers;
		int err = is_reached ? check_shape(i, p->length - pc - 1) : -EINVAL;

		if (!err)
			err = check_registers(i, &k);
		if (err)
			return err;
		if (is_jump(i->code) && !is_exit(i->code))
			meet(&known[pc + 1 + (u32)i->off], k);
		if (is_exit(i->code) || is_always(i->code))
			continue;
		if (pc + 1 == p->length)
			return -EINVAL;		/* it would run off its end */
		meet(&known[pc + 1], k);
	}
	return 0;
}

/* -- the machine -------------------------------------------------------------------------------------------------- */
static u64 compute64(u8 op, u64 a, u64 b)
{
	switch (op) {
	case BPF_ADD: return a + b;
	case BPF_SUB: return a - b;
	case BPF_MUL: return a * b;
	case BPF_DIV: return b ? a / b : 0;
	case BPF_MOD: return b ? a % b : a;
	case BPF_OR: return a | b;
	case BPF_AND: return a & b;
	case BPF_XOR: return a ^ b;
	case BPF_LSH: return a << (b & 63);
	case BPF_RSH: return a >> (b & 63);
	case BPF_ARSH: return (u64)((s64)a >> (b & 63));
	case BPF_NEG: return -a;
	default: return b;		/* BPF_MOV */
	}
}

static u64 compute(u8 code, u64 a, u64 b)
{
	u8 op = BPF_OP(code);

	if (is_64bit(code))
		return compute64(op, a, b);
	if (op == BPF_LSH || op == BPF_RSH || op == BPF_ARSH)
		b &= 31;
	return (u32)compute64(op, op == BPF_ARSH ? (u64)(s64)(s32)a : (u32)a, (u32)b);
}

static bool holds(u8 code, u64 a, u64 b)
{
	s64 x = is_64bit(code) ? (s64)a : (s32)a, y = is_64bit(code) ? (s64)b : (s32)b;

	if (!is_64bit(code)) {
		a = (u32)a;
		b = (u32)b;
	}
	switch (BPF_OP(code)) {
	case BPF_JEQ: return a == b;
	case BPF_JNE: return a != b;
	case BPF_JGT: return a > b;
	case BPF_JGE: return a >= b;
	case BPF_JLT: return a < b;
	case BPF_JLE: return a <= b;
	case BPF_JSET: return a & b;
	case BPF_JSGT: return x > y;
	case BPF_JSGE: return x >= y;
	case BPF_JSLT: return x < y;
	case BPF_JSLE: return x <= y;
	default: return true;		/* BPF_JA */
	}
}

static u64 load(const struct bpf_insn *i, const struct bpf_cgroup_dev_ctx *question)
{
	const u32 words[] = { question->access_type, question->major, question->minor };
	u32 bytes = (u32)load_bytes(i->code);

	return words[i->off / 4] >> i->off % 4 * 8 & (u32)(~0UL >> (64 - bytes * 8));
}

u64 ebpf_run(const struct ebpf_program *p, const struct bpf_cgroup_dev_ctx *question)
{
	u64 r[REGISTERS + 1] = { 0 };

	for (const struct bpf_insn *i = p->insns; !is_exit(i->code); i++) {
		u64 operand = BPF_SRC(i->code) == BPF_X ? r[i->src_reg] : (u64)(s64)i->imm;

		if (BPF_CLASS(i->code) == BPF_LDX)
			r[i->dst_reg] = load(i, question);
		else if (is_alu(i->code))
			r[i->dst_reg] = compute(i->code, r[i->dst_reg], operand);
		else if (holds(i->code, r[i->dst_reg], operand))
			i += i->off;
	}
	return r[0];
}
