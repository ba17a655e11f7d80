/*
 * arch/x86_64/fpu.c: the x87, SSE and AVX registers, in the areas that XSAVE (or FXSAVE on older CPUs) defines.
 * The kernel itself never uses these registers, so while a task runs they hold its state, and a switch between tasks
 * saves and loads it. Locks: none; interrupts are off or the task is not running.
 * An area is in the standard (not compacted) format: its bytes go into signal frames as they are.
 * Source: Intel SDM volume 1, chapters 10 and 13.
 */
#include "x86.h"
#include "fpu.h"
#include "user_word.h"
#include "base/errno.h"
#include "mm/user_access.h"
#include "base/printk.h"
#include "base/string.h"

#define MXCSR_INITIAL 0x1f80
#define MXCSR_MASK_DEFAULT 0xffbf
#define FXSAVE_BYTES 512
#define FXSAVE_REGISTERS 416	/* of them the CPU writes */

static struct fpu_area initial __aligned(64);

static inline void xsave(void *area)
{
	__asm__ volatile("xsave64 (%0)" : : "r"(area), "a"((u32)cpu_features.xfeatures), "d"(0) : "memory");
}

static inline void xrstor(const void *area, u64 components)
{
	__asm__ volatile("xrstor64 (%0)" : : "r"(area), "a"((u32)components), "d"(0) : "memory");
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
	cpu_features.fpu_frame_bytes = cpu_features.fpu_bytes + (cpu_features.has_xsave ? FP_XSTATE_MAGIC2_SIZE : 0);
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
		xrstor(area, cpu_features.xfeatures);
	else
		__asm__ volatile("fxrstor64 (%0)" : : "r"(area) : "memory");
}

/* Without XSAVE: the data registers are filled with zeros and then called empty; the last fninit also forgets where that was
 * done. Much quicker than FXRSTOR where an emulator loads word by word. */
static void load_initial_legacy(void)
{
	__asm__ volatile("fninit; fldz; fldz; fldz; fldz; fldz; fldz; fldz; fldz; fninit; ldmxcsr %0\n"
			 ".irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15\n"
			 "pxor %%xmm\\n, %%xmm\\n\n"
			 ".endr" : : "m"(initial.legacy.mxcsr));
}

void fpu_load_initial(void)
{
	if (cpu_features.has_xsave)
		xrstor(&initial, cpu_features.xfeatures);
	else
		load_initial_legacy();
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

/* -- signal frames -- */

#define USER_INSN(insn, at, components, fault) \
	__asm__ goto("771: " insn " (%0)\n772:\n" USER_FIXUP("771b", "772b", "%l3") \
		     : : "r"(at), "a"((u32)(components)), "d"(0) : "memory" : fault)

/* XSAVE leaves the reserved words of the header as they are, and FXSAVE and XSAVE the marks. The x87 and SSE parts count as
 * used, so that a handler may change them without knowing of the header. */
int fpu_save_to_user(uptr at)
{
	struct fpu_area *a = (struct fpu_area *)at;
	u64 features;

	user_open();
	if (cpu_features.has_xsave) {
		user_store_zeros(&a->features, 8, fault);
		USER_INSN("xsave64", a, cpu_features.xfeatures, fault);
		user_load(features, &a->features, fault);
		user_store(&a->features, features | 3, fault);
		user_store_words(&a->legacy.sw_reserved, &initial.legacy.sw_reserved, 6, fault);
	} else {
		USER_INSN("fxsave64", a, 0, fault);
		user_store_zeros(&a->legacy.sw_reserved, 6, fault);
	}
	user_close();
	return cpu_features.has_xsave ? put_user_u32(FP_XSTATE_MAGIC2, at + cpu_features.fpu_bytes) : 0;
fault:
	user_close();
	return -EFAULT;
}

/* Which components the frame says it holds; without the marks of the larger format only the x87 and SSE parts: 0. */
static int features_in(uptr at, u64 *features)
{
	struct _fpx_sw_bytes sw;
	u32 magic2;

	*features = 0;
	if (!cpu_features.has_xsave)
		return 0;
	if (copy_from_user(&sw, at + offsetof(struct fpu_area, legacy.sw_reserved), sizeof(sw)))
		return -EFAULT;
	if (sw.magic1 != FP_XSTATE_MAGIC1 || sw.xstate_size < sizeof(struct fpu_area) ||
	    sw.xstate_size > cpu_features.fpu_bytes || sw.xstate_size > sw.extended_size)
		return 0;
	if (get_user_u32(&magic2, at + sw.xstate_size))
		return -EFAULT;
	if (magic2 == FP_XSTATE_MAGIC2)
		*features = sw.xfeatures & cpu_features.xfeatures;
	return 0;
}

/* The CPU itself refuses what is no state. Components that the frame does not hold become initial. */
int fpu_restore_from_user(uptr at)
{
	u64 features;

	if (features_in(at, &features))
		return -EFAULT;
	user_open();
	if (features)
		USER_INSN("xrstor64", at, features, fault);
	else
		USER_INSN("fxrstor64", at, 0, fault);
	user_close();
	features = cpu_features.xfeatures & ~(features ? features : 3);
	if (cpu_features.has_xsave && features)
		xrstor(&initial, features);
	return 0;
fault:
	user_close();
	return -EFAULT;
}

/* XSAVE writes all registers, but leaves the reserved words of the header alone, which must be zero, and the marks for signal
 * frames: those are set here, once for all tasks that have the area one after the other. */
void fpu_area_init(struct fpu_area *a)
{
	memcpy((u8 *)a + FXSAVE_REGISTERS, (u8 *)&initial + FXSAVE_REGISTERS, sizeof(*a) - FXSAVE_REGISTERS);
	set_signal_marks(a);
}

size_t fpu_area_bytes(void) { return MAX(cpu_features.fpu_frame_bytes, sizeof(struct fpu_area)); }
