/*
 * arch/x86_64/fpu.c: the x87, SSE and AVX registers, in the areas that XSAVE (or FXSAVE on older CPUs) defines.
 * The kernel itself never uses these registers, so while a task runs they hold its state, and a switch between tasks
 * saves and loads it. Locks: none; interrupts are off or the task is not running.
 * An area is in the standard (not compacted) format: its bytes go into signal frames as they are.
 * Source: Intel SDM volume 1, chapters 10 and 13.
 */
#include "x86.h"
#include "fpu.h"
#include "base/printk.h"
#include "base/string.h"
#include "mm/slab.h"

#define MXCSR_INITIAL 0x1f80
#define MXCSR_MASK_DEFAULT 0xffbf
#define FXSAVE_BYTES 512
#define FXSAVE_REGISTERS 416	/* of them the CPU writes */

static struct fpu_area initial __aligned(64);
static struct slab_cache fpu_cache;	/* its size is known only when the machine runs */
SLAB_TYPE(fpu_type, &fpu_cache, "fpu_state", 0, 64);

static inline void xsave(void *area)
{
	__asm__ volatile("xsave64 (%0)" : : "r"(area), "a"((u32)cpu_features.xfeatures), "d"(0) : "memory");
}

static inline void xrstor(const void *area)
{
	__asm__ volatile("xrstor64 (%0)" : : "r"(area), "a"((u32)cpu_features.xfeatures), "d"(0) : "memory");
}

static void enable_components(void)
{
	if (cpu_features.has_xsave)
		__asm__ volatile("xsetbv" : : "c"(0), "a"((u32)cpu_features.xfeatures), "d"(0));
}

void fpu_enable_cpu(void)
{
	enable_components();
	fpu_load_initial();
}

void fpu_init(void)
{
	enable_components();
	cpu_features.fpu_bytes = cpu_features.has_xsave ? cpuid(0xd, 0).b : FXSAVE_BYTES;
	__asm__ volatile("fninit");
	__asm__ volatile("fxsave64 %0" : "=m"(initial.legacy));
	cpu_features.mxcsr_mask = initial.legacy.mxcsr_mask ? initial.legacy.mxcsr_mask : MXCSR_MASK_DEFAULT;
	initial = (struct fpu_area){ };
	initial.legacy.cwd = 0x37f;
	initial.legacy.mxcsr = MXCSR_INITIAL;
	initial.legacy.mxcsr_mask = cpu_features.mxcsr_mask;
	if (cpu_features.has_xsave)
		initial.legacy.sw_reserved = (struct _fpx_sw_bytes){
			.magic1 = FP_XSTATE_MAGIC1,
			.extended_size = cpu_features.fpu_bytes + FP_XSTATE_MAGIC2_SIZE,
			.xfeatures = cpu_features.xfeatures,
			.xstate_size = cpu_features.fpu_bytes,
		};
	fpu_cache.size = (u32)MAX(fpu_frame_bytes(), sizeof(struct fpu_area));
	fpu_load_initial();
}

void fpu_save(struct fpu_area *area)
{
	if (cpu_features.has_xsave)
		xsave(area);
	else
		__asm__ volatile("fxsave64 (%0)" : : "r"(area) : "memory");
}

void fpu_restore(const struct fpu_area *area)
{
	if (cpu_features.has_xsave)
		xrstor(area);
	else
		__asm__ volatile("fxrstor64 (%0)" : : "r"(area) : "memory");
}

void fpu_load_initial(void) { fpu_restore(&initial); }
void fpu_reset(struct fpu_area *area) { memcpy(area, &initial, sizeof(*area)); }

/* The area as signal frames hold it: with a second magic number behind it, where there is more than FXSAVE's part. */
size_t fpu_frame_bytes(void)
{
	return cpu_features.fpu_bytes + (cpu_features.has_xsave ? FP_XSTATE_MAGIC2_SIZE : 0);
}

static void set_signal_marks(struct fpu_area *a)
{
	static const u32 magic2 = FP_XSTATE_MAGIC2;

	a->legacy.sw_reserved = initial.legacy.sw_reserved;
	if (cpu_features.has_xsave)
		memcpy((u8 *)a + cpu_features.fpu_bytes, &magic2, sizeof(magic2));
}

/* Bits that would make the CPU refuse the state are taken out; a header the CPU defines as wrong is an error. */
bool fpu_sanitize(struct fpu_area *area)
{
	set_signal_marks(area);
	area->legacy.mxcsr &= cpu_features.mxcsr_mask;
	if (!cpu_features.has_xsave)
		return true;
	area->features &= cpu_features.xfeatures;
	for (size_t i = 0; i < ARRAY_SIZE(area->reserved); i++) {
		if (area->reserved[i])
			return false;
	}
	return true;
}

/* XSAVE writes all registers, but leaves the reserved words of the header alone, which must be zero, and the marks for signal
 * frames: those are set here. */
struct fpu_area *fpu_alloc(void)
{
	struct fpu_area *a = slab_alloc(&fpu_cache);

	if (!a)
		return NULL;
	memcpy((u8 *)a + FXSAVE_REGISTERS, (u8 *)&initial + FXSAVE_REGISTERS, sizeof(*a) - FXSAVE_REGISTERS);
	set_signal_marks(a);
	return a;
}

void fpu_free(struct fpu_area *area) { slab_free(&fpu_cache, area); }
