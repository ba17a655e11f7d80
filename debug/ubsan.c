/*
 * debug/ubsan.c: the debug build's watch over what C leaves undefined: an index out of its array, a shift too far, a division
 * by zero, a value that its type does not have, a null pointer used. Each is a panic that says where and what.
 * Way in: __ubsan_handle_* from the compiler (-fsanitize=...), with its records of place and type. Errors: none.
 */
#ifdef FURCA_DEBUG
#include "base/printk.h"
#include "base/types.h"

struct place { const char *file; u32 line, column; };
struct type { u16 kind, info; char name[]; };		/* kind 0: an integer; info: log2 of its bits * 2 + is signed */

static __noreturn void report(const struct place *at, const char *what, unsigned long a, const char *of)
{
	panic("undefined: %s:%u:%u: %s %ld%s%s", at->file, at->line, at->column, what, (long)a, *of ? " of " : "", of);
}

/* Small values lie in the word itself; of larger ones the word is the address. */
static unsigned long value_of(const struct type *t, unsigned long v)
{
	return t->kind == 0 && t->info >> 1 > 6 ? *(const unsigned long *)v : v;
}

struct bounds { struct place at; const struct type *array, *index; };
struct shift { struct place at; const struct type *left, *right; };
struct value { struct place at; const struct type *type; };
struct mismatch { struct place at; const struct type *type; u8 log_align, kind; };
struct only_place { struct place at; };

#define HANDLER(name, ...) void __ubsan_handle_##name(__VA_ARGS__); void __ubsan_handle_##name(__VA_ARGS__)

HANDLER(out_of_bounds, const struct bounds *d, unsigned long index)
{
	report(&d->at, "index", value_of(d->index, index), d->array->name);
}
HANDLER(shift_out_of_bounds, const struct shift *d, unsigned long left, unsigned long right)
{
	report(&d->at, "shift by", value_of(d->right, right), d->left->name);
}
HANDLER(divrem_overflow, const struct value *d, unsigned long left, unsigned long right)
{
	report(&d->at, "division by", value_of(d->type, right), d->type->name);
}
HANDLER(load_invalid_value, const struct value *d, unsigned long v)
{
	report(&d->at, "no such value:", value_of(d->type, v), d->type->name);
}
HANDLER(type_mismatch_v1, const struct mismatch *d, unsigned long address)
{
	report(&d->at, "use of address", address, d->type->name);
}
HANDLER(vla_bound_not_positive, const struct value *d, unsigned long v)
{
	report(&d->at, "array of size", value_of(d->type, v), d->type->name);
}
HANDLER(builtin_unreachable, const struct only_place *d)
{
	report(&d->at, "a place that cannot be reached", 0, "");
}
HANDLER(missing_return, const struct only_place *d)
{
	report(&d->at, "no value returned", 0, "");
}
HANDLER(invalid_builtin, const struct only_place *d)
{
	report(&d->at, "zero given to a count of bits", 0, "");
}
HANDLER(nonnull_arg, const struct only_place *d)
{
	report(&d->at, "null given for an argument that must not be", 0, "");
}
#endif
