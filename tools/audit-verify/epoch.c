// SPDX-License-Identifier: GPL-2.0
/*
 * The epoch of a boot that is being read: its records, then its seal.
 */

#include <linux/string.h>

#include "boot.h"
#include "parse.h"

/**
 * epoch_new - begin with another epoch
 * @boot: that it is of
 */
void epoch_new(struct boot *boot)
{
	boot->first = boot->seq;
	boot->any = false;
	boot->lost = 0;
	memset(&boot->link, 0, sizeof(boot->link));
}

static void count_lost(struct boot *boot, const struct audit_record *rec)
{
	const char *at = (const char *)rec->object, *end = at + rec->object_len;
	u64 lost;

	if (rec->object_len > 15 || !parse_u64(&at, end, &lost) || at != end)
		lost = 1;
	boot->lost += lost;
}

/**
 * epoch_record - take a record that stands in its place
 * @v: of its boot
 * @rec: the record
 *
 * Return: false where it is bad.
 */
bool epoch_record(struct verifier *v, const struct audit_record *rec)
{
	struct boot *boot = &v->boot;
	u8 bytes[AUDIT_RECORD_CBOR_MAX];
	size_t len;

	if (boot->seq - boot->first == EPOCH_MAX)
		return bad(boot, "no epoch has so many records");
	if (boot->report->macs && !mac_keys_check(&boot->macs, rec, boot->id))
		return bad(boot, "its MAC is wrong");
	len = audit_record_encode(rec, boot->id, bytes);
	hashes_add(&boot->hashes, bytes, len);
	boot->event = rec->event;
	boot->any = true;
	if (rec->event == AGENT_EVENT_LOST)
		count_lost(boot, rec);
	else if (rec->event == AGENT_EVENT_LINK)
		link_read(v, rec);
	boot->seq++;
	return true;
}

/**
 * epoch_settle - take what the records of an epoch say, once they are known to be true
 * @v: of their boot
 */
void epoch_settle(struct verifier *v)
{
	v->boot.report->lost += v->boot.lost;
	link_settle(v);
}

static bool is_signed(const struct audit_seal *seal, const u8 key[ED25519_PUBLIC_SIZE])
{
	char text[AUDIT_SEAL_LINE_MAX];
	struct ed25519_part part = { .data = text };

	part.len = audit_line_seal_signed(seal, text);
	return !ed25519_verify(seal->sig, key, &part, 1);
}

/* The first seal of a log that starts late: it must be by one of the keys, if there are any. */
static bool join_seal(struct verifier *v, const struct audit_seal *seal)
{
	struct boot *boot = &v->boot;
	size_t i;

	boot->epoch = seal->epoch;
	boot->joined = false;
	for (i = 0; i < v->known->nr_keys; i++)
		if (is_signed(seal, v->known->keys[i])) {
			boot->trusted = true;
			return true;
		}
	return !v->known->nr_keys ||
	       bad_epoch(boot, "its seal is signed by none of the keys that were given");
}

static bool check_counts(struct boot *boot, const struct audit_seal *seal)
{
	u64 count = boot->seq - boot->first, last = boot->seq - 1;

	if (seal->first != boot->first)
		return bad_range(boot,
				 seal->first < boot->first ? seal->first : boot->first,
				 seal->last > last ? seal->last : last,
				 "its seal is for other records");
	if (seal->last != last || seal->count != count)
		return bad_range(boot,
				 seal->last < last ? seal->last + 1 : boot->seq,
				 seal->last > last ? seal->last : last,
				 "its seal counts other records");
	return true;
}

static bool is_final(const struct audit_seal *seal)
{
	static const u8 none[ED25519_PUBLIC_SIZE];

	return !memcmp(seal->next, none, sizeof(none));
}

/* The shard says that records were taken out of it, and here there are none. */
static bool is_pruned(const struct verifier *v, const struct audit_seal *seal)
{
	return v->source->shards && v->source->pruned && !v->boot.any && seal->count;
}

/* A seal alone: it goes on where the one before ended, and closes no boot. */
static bool check_pruned(struct boot *boot, const struct audit_seal *seal)
{
	if (seal->first == boot->first && seal->last - seal->first + 1 == seal->count &&
	    !is_final(seal))
		return true;
	return bad(boot, "a seal without its records does not go on here");
}

static bool check_seal(struct verifier *v, const struct audit_seal *seal)
{
	struct boot *boot = &v->boot;
	u8 root[BLAKE3_OUT_SIZE];

	if (boot->joined && !join_seal(v, seal))
		return false;
	if (seal->epoch != boot->epoch)
		return bad_epoch(boot, "the seal of another epoch stands in its place");
	if (boot->signed_by && !is_signed(seal, boot->key))
		return bad_epoch(boot, "the signature of its seal is wrong");
	if (is_pruned(v, seal))
		return check_pruned(boot, seal);
	if (!check_counts(boot, seal))
		return false;
	hashes_root(&boot->hashes, root);
	if (memcmp(root, seal->root, sizeof(root)))
		return bad_epoch(boot, "a record is not what was sealed");
	if (boot->headed && memcmp(boot->hashes.head, seal->head, sizeof(seal->head)))
		return bad_epoch(boot, "the chain's head is not what was sealed");
	if (is_final(seal) && !(boot->any && boot->event == AGENT_EVENT_SHUTDOWN))
		return bad_epoch(boot, "the last seal does not follow the record of a shutdown");
	return true;
}

/**
 * epoch_seal - take a seal, and judge the records before it
 * @v: of its boot
 * @line: of the seal
 * @len: of @line
 *
 * Return: false where something is bad.
 */
bool epoch_seal(struct verifier *v, const char *line, size_t len)
{
	struct boot *boot = &v->boot;
	struct audit_seal seal;

	if (!parse_seal(line, len, &seal)) {
		boot->begun = true;
		return bad_epoch(boot, "the line of its seal has not the one form");
	}
	if (!boot->begun) {
		boot->begun = true;
		boot_join(boot, seal.first);
	}
	if (!check_seal(v, &seal))
		return false;
	epoch_settle(v);
	boot->report->late |= seal.epoch != boot->report->epochs;
	boot->report->epochs++;
	if (v->known->checkpoint)
		checkpoint_seal(v->known->checkpoint, &boot->seals, line, len, boot->report);
	if (is_pruned(v, &seal)) {
		boot->report->pruned += seal.count;
		/* Their MACs would have brought the keys to where they are now. */
		boot->report->macs = false;
		boot->seq = seal.last + 1;
	} else {
		boot->report->records += seal.count;
	}
	boot->report->last_seq = seal.last;
	boot->report->final = is_final(&seal);
	boot->report->anchored |= boot->trusted;
	memcpy(boot->report->head, seal.head, sizeof(seal.head));
	memcpy(boot->hashes.head, seal.head, sizeof(seal.head));
	memcpy(boot->key, seal.next, sizeof(boot->key));
	boot->signed_by = true;
	boot->headed = true;
	boot->epoch++;
	epoch_new(boot);
	return true;
}
