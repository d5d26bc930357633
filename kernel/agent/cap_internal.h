/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the files of a capability share among themselves.
 */
#ifndef _AGENT_CAP_INTERNAL_H
#define _AGENT_CAP_INTERNAL_H

#include <linux/agent.h>
#include <linux/bits.h>

#include "cap.h"
#include "cbor.h"

#define CAP_CARVES_MAX		64	/* of one capability */
#define CAP_NAME_MAX		255	/* svc, abstract socket */
#define CAP_DEV_CLASS_MAX	64

#define CAP_PLACE_CARVE		BIT(0)	/* masks the capability above it */
#define CAP_PLACE_EXPIRES	BIT(1)
#define CAP_PLACE_COUNTED	BIT(2)	/* uses or rate */
#define CAP_PLACE_APPROVAL	BIT(3)

/* ---- cap.c ---- */
struct cap *cap_alloc(void);
struct cap *cap_copy(const struct cap *cap);
void cap_put_now(struct cap *cap);	/* may sleep */

/* ---- cap_codec.c: an object's half of cap_decode() ---- */
u64 cap_class_rights(u8 class);
bool cap_is_hierarchy(const struct cap *cap);
char *cap_string(const void *bytes, size_t len);

/* ---- cap_limits.c ---- */
struct cap_counter *cap_counter_new(const struct cap_limits *limits, struct cap_counter *parent);
struct cap_counter *cap_counter_get(struct cap_counter *counter);
void cap_counter_put(struct cap_counter *counter);
int cap_limits_decode(struct cbor_reader *r, struct cap_limits *limits);
bool cap_limits_present(const struct cap_limits *limits);
void cap_limits_encode(struct cbor_writer *w, const struct cap_limits *limits);
bool cap_limits_subset(const struct cap *a, const struct cap *b);

/* ---- cap_text.c ---- */
int cap_text(struct cap *cap);

/* ---- cap_fs.c ---- */
enum cap_meets {
	CAP_OUTSIDE,
	CAP_CARVED,
	CAP_COVERED,
};

int cap_fs_decode(struct cbor_reader *r, struct cap *cap);
int cap_fs_decode_carves(struct cbor_reader *r, struct cap *cap);
int cap_fs_copy(struct cap *to, const struct cap *from);
void cap_fs_release(struct cap *cap);
bool cap_fs_subset(const struct cap *a, const struct cap *b);

/* ---- cap_home.c ---- */
struct mnt_namespace *cap_home_get(struct mnt_namespace *home);
void cap_home_put(struct mnt_namespace *home);
bool cap_is_away(const struct mnt_namespace *home, const struct path *path);
struct vfsmount *cap_home_shown(const struct mnt_namespace *home, const struct path *path);
bool cap_home_own(const struct dentry *dentry);
int cap_home_bring(struct path *path);

/* ---- cap_walk.c ---- */
bool cap_walk_exempt(const struct dentry *dentry);
enum cap_meets cap_walk_meets(const struct path *from, const struct cap *cap);
u64 cap_walk_held(const struct cap_set *set, const struct agent_request *req);
u64 cap_walk_rights(const struct cap_set *set, const struct agent_request *req,
		    u64 *cap_id, u64 *granted);

/* ---- cap_net.c ---- */
int cap_net_decode(struct cbor_reader *r, struct cap *cap);
void cap_net_encode(struct cbor_writer *w, const struct cap *cap);
bool cap_net_subset(const struct cap *a, const struct cap *b);
u8 cap_net_address(const struct agent_net_peer *peer, const u8 **addr);
bool cap_net_covers(const struct cap *cap, u8 proto, u8 family, const u8 *addr);
bool cap_net_matches(const struct cap *cap, const struct agent_net_peer *peer);

/* ---- cap_ports.c ---- */
int cap_ports_index(struct cap_set *set);
u64 cap_ports_rights(const struct cap_set *set, const struct agent_request *req,
		     u64 *cap_id, u64 *granted);

/* ---- cap_subset.c ---- */
bool cap_pattern_matches(const char *pattern, const char *name, size_t len);
bool cap_pattern_subset(const char *a, const char *b);
bool cap_object_subset(const struct cap *a, const struct cap *b);
/* All but depth, which derivation clamps. */
bool cap_subset_but_depth(const struct cap *a, const struct cap *b);

#endif /* _AGENT_CAP_INTERNAL_H */
