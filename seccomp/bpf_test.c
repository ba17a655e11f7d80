/*
 * seccomp/bpf_test.c: random programs. Each that the check lets pass is run on random data, beside a plain machine that
 * watches every step: no jump or load leaves its bounds, no word of memory is read before it was written, the program ends,
 * and both say the same.
 */
#include "arch/host/host.h"
#include "seccomp/bpf.h"
#include <linux/seccomp.h>

#define PROGRAM_MAX 40
static const u16 codes[] = {
	BPF_LD | BPF_W | BPF_ABS, BPF_LD | BPF_W | BPF_LEN, BPF_LDX | BPF_W | BPF_LEN, BPF_LD | BPF_IMM, BPF_LDX | BPF_IMM,
	BPF_LD | BPF_MEM, BPF_LDX | BPF_MEM, BPF_ST, BPF_STX, BPF_MISC | BPF_TAX, BPF_MISC | BPF_TXA,
	BPF_ALU | BPF_ADD | BPF_K, BPF_ALU | BPF_SUB | BPF_X, BPF_ALU | BPF_MUL | BPF_X, BPF_ALU | BPF_DIV | BPF_K,
	BPF_ALU | BPF_DIV | BPF_X, BPF_ALU | BPF_LSH | BPF_X, BPF_ALU | BPF_RSH | BPF_K, BPF_ALU | BPF_NEG,
	BPF_JMP | BPF_JA, BPF_JMP | BPF_JEQ | BPF_K, BPF_JMP | BPF_JGT | BPF_X, BPF_JMP | BPF_JSET | BPF_K,
	BPF_JMP | BPF_JGE | BPF_X, BPF_RET | BPF_K, BPF_RET | BPF_A,
};

static void make_random(struct bpf_program *p, u32 length)
{
	p->length = length;
	for (u32 i = 0; i < length; i++)
		p->insns[i] = (struct sock_filter){
			.code = codes[test_random_below(ARRAY_SIZE(codes))], .jt = (u8)test_random_below(4),
			.jf = (u8)test_random_below(4), .k = (u32)test_random_below(test_random_below(8) ? 6 : 70) * 4,
		};
	for (u32 i = 0; i < length; i++) {
		u16 code = p->insns[i].code;

		if (code == BPF_ST || code == BPF_STX || BPF_MODE(code) == BPF_MEM || BPF_CLASS(code) == BPF_JMP)
			p->insns[i].k /= 4;
	}
	if (test_random_below(8))
		p->insns[length - 1].code = BPF_RET | BPF_A;
}

struct machine { u32 a, x, memory[BPF_MEMWORDS]; u16 written; };

static bool is_true(const struct sock_filter *i, u32 a, u32 b)
{
	switch (BPF_OP(i->code)) {
	case BPF_JEQ: return a == b;
	case BPF_JGT: return a > b;
	case BPF_JGE: return a >= b;
	default: return (a & b) != 0;
	}
}

static u32 arithmetic(const struct sock_filter *i, u32 a, u32 b)
{
	switch (BPF_OP(i->code)) {
	case BPF_ADD: return a + b;
	case BPF_SUB: return a - b;
	case BPF_MUL: return a * b;
	case BPF_DIV: return a / b;
	case BPF_LSH: return a << b % 32;
	case BPF_RSH: return a >> b % 32;
	default: return 0 - a;
	}
}

static void load(struct machine *m, const struct sock_filter *i, const u32 *data, u32 *to)
{
	switch (BPF_MODE(i->code)) {
	case BPF_ABS:
		CHECK(i->k + 4 <= sizeof(struct seccomp_data) && i->k % 4 == 0);
		*to = data[i->k / 4];
		break;
	case BPF_MEM:
		CHECK(i->k < BPF_MEMWORDS && (m->written & 1u << i->k));
		*to = m->memory[i->k];
		break;
	default:
		*to = BPF_MODE(i->code) == BPF_LEN ? sizeof(struct seccomp_data) : i->k;
		break;
	}
}

static u32 run_watched(const struct bpf_program *p, const u32 *data)
{
	struct machine m = { 0 };

	for (u32 pc = 0; pc < p->length; pc++) {
		const struct sock_filter *i = &p->insns[pc];
		u32 operand = BPF_SRC(i->code) == BPF_X ? m.x : i->k;

		switch (BPF_CLASS(i->code)) {
		case BPF_LD: load(&m, i, data, &m.a); break;
		case BPF_LDX: load(&m, i, data, &m.x); break;
		case BPF_ST: case BPF_STX:
			CHECK(i->k < BPF_MEMWORDS);
			m.memory[i->k] = BPF_CLASS(i->code) == BPF_ST ? m.a : m.x;
			m.written |= (u16)(1u << i->k);
			break;
		case BPF_ALU:
			if (BPF_OP(i->code) == BPF_DIV && !operand)
				return 0;
			m.a = arithmetic(i, m.a, operand);
			break;
		case BPF_JMP:
			pc += BPF_OP(i->code) == BPF_JA ? i->k : is_true(i, m.a, operand) ? i->jt : i->jf;
			break;
		case BPF_RET:
			return i->code & BPF_A ? m.a : i->k;
		default:
			*(i->code == (BPF_MISC | BPF_TAX) ? &m.x : &m.a) = i->code == (BPF_MISC | BPF_TAX) ? m.a : m.x;
			break;
		}
	}
	CHECK(!"the program ran off its end");
	return 0;
}

static void test_random_programs(void)
{
	unsigned accepted = 0;

	for (int n = 0; n < 300000; n++) {
		u32 length = 1 + (u32)test_random_below(n % 2 ? 8 : PROGRAM_MAX), data[sizeof(struct seccomp_data) / 4];
		struct bpf_program *p = malloc(sizeof(*p) + length * sizeof(p->insns[0]));
		u16 *known = malloc(length * sizeof(*known));

		make_random(p, length);
		if (!bpf_check(p, known)) {
			accepted++;
			for (int run = 0; run < 4; run++) {
				for (size_t i = 0; i < ARRAY_SIZE(data); i++)
					data[i] = (u32)(test_random() & (run & 1 ? 7 : ~0u));
				CHECK(bpf_run(p, data) == run_watched(p, data));
			}
		}
		free(known);
		free(p);
	}
	CHECK(accepted > 10000);
}

int main(void)
{
	host_init(16);
	TEST_RUN(test_random_programs);
	return test_end();
}
