/*
 * arch/x86_64/acpi.c: the one thing that is read of the ACPI tables: which processors there are (the MADT).
 * Way in: acpi_set_root() with what the loader told, acpi_find_cpus() once devices can be mapped.
 * Locks: none: boot only. Errors: a table that is not there or not right counts as none.
 * Source: ACPI specification 6.4, 5.2.5 to 5.2.12.
 */
#include "x86.h"
#include "base/string.h"

#define MADT_LOCAL_APIC 0
#define LOCAL_APIC_ENABLED 1
#define TABLE_BYTES_MAX 65536
#define ADDRESS_END (1UL << 36)		/* beyond it no CPU need have anything */

struct rsdp {
	char signature[8];
	u8 checksum;
	char oem[6];
	u8 revision;
	u32 rsdt;
	u32 length;		/* from revision 2 on */
	u64 xsdt;
} __packed;
struct table_header {
	char signature[4];
	u32 length;
	u8 revision, checksum;
	char ids[14];
	u32 more_ids[3];
} __packed;
_Static_assert(sizeof(struct table_header) == 36, "ACPI's header");
struct madt {
	struct table_header header;
	u32 apic_address, flags;
	u8 entries[];
} __packed;
struct madt_local_apic { u8 type, length, processor, apic_id; u32 flags; } __packed;

static paddr_t root;

void acpi_set_root(paddr_t rsdp) { root = rsdp; }

/* The whole table at p, mapped; NULL: none, or no memory to map it. */
static const struct table_header *table_map(paddr_t p)
{
	const struct table_header *h = p && p < ADDRESS_END ? arch_map_device(p, sizeof(*h)) : NULL;

	if (!h || h->length < sizeof(*h) || h->length > TABLE_BYTES_MAX)
		return NULL;
	return arch_map_device(p, h->length);
}

/* The table of that name among those the root table lists; its entries are entry_bytes wide. */
static const struct table_header *table_find(paddr_t list, u32 entry_bytes, const char *name)
{
	const struct table_header *all = table_map(list), *t;
	u32 count = all ? (all->length - (u32)sizeof(*all)) / entry_bytes : 0;

	for (u32 i = 0; i < count; i++) {
		paddr_t p = 0;

		memcpy(&p, (const u8 *)(all + 1) + i * entry_bytes, entry_bytes);
		t = table_map(p);
		if (t && !memcmp(t->signature, name, 4))
			return t;
	}
	return NULL;
}

u32 acpi_find_cpus(u8 *hw_ids, u32 max)
{
	const struct rsdp *r = root ? arch_map_device(root, sizeof(*r)) : NULL;
	const struct madt *m;
	u32 n = 0;

	if (!r || memcmp(r->signature, "RSD PTR ", 8))
		return 0;
	if (r->revision >= 2 && r->xsdt)
		m = (const void *)table_find(r->xsdt, 8, "APIC");
	else
		m = (const void *)table_find(r->rsdt, 4, "APIC");
	for (u32 at = 0; m && at + sizeof(*m) + 2 <= m->header.length; at += MAX(m->entries[at + 1], (u8)2)) {
		const struct madt_local_apic *a = (const void *)&m->entries[at];

		if (a->type == MADT_LOCAL_APIC && (a->flags & LOCAL_APIC_ENABLED) && n < max)
			hw_ids[n++] = a->apic_id;
	}
	return n;
}
