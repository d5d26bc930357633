// SPDX-License-Identifier: GPL-2.0
/*
 * Authorizers: the keys that manifests are signed with.
 *
 * They stand in a keyring of the kernel's, so that they can be seen with the usual
 * tools. Nobody but authorizer_add() links to it, and once PID 1 has sealed it
 * nobody does: a later root cannot make itself an authorizer. Nor can it take keys
 * away (KEY_ALLOC_SET_KEEP).
 */
#include <linux/agent.h>
#include <linux/audit_chain.h>
#include <linux/cred.h>
#include <linux/err.h>
#include <linux/errno.h>
#include <linux/init.h>
#include <linux/init_task.h>
#include <linux/key.h>
#include <linux/key-type.h>
#include <linux/mutex.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/string.h>

#include <crypto/ed25519.h>

#define AUTHORIZER_LABEL_MAX	64
#define AUTHORIZERS_MAX		64

struct authorizer {
	u8 key[ED25519_PUBLIC_SIZE];
	char label[AUTHORIZER_LABEL_MAX + 1];
};

static struct key *authorizer_keyring;
static const struct cred *authorizer_cred;
static DEFINE_MUTEX(authorizer_lock);		/* additions and the seal */
static unsigned int authorizer_nr;		/* authorizer_lock */
static bool authorizer_sealed;			/* authorizer_lock; once true, true */

/* ---- the type of key: 32 bytes, and a label ---- */

static int authorizer_preparse(struct key_preparsed_payload *prep)
{
	struct authorizer *a;
	size_t label = prep->datalen - ED25519_PUBLIC_SIZE;

	if (prep->datalen < ED25519_PUBLIC_SIZE || label > AUTHORIZER_LABEL_MAX)
		return -EINVAL;
	a = kzalloc(sizeof(*a), GFP_KERNEL);
	if (!a)
		return -ENOMEM;
	memcpy(a->key, prep->data, ED25519_PUBLIC_SIZE);
	memcpy(a->label, prep->data + ED25519_PUBLIC_SIZE, label);
	prep->payload.data[0] = a;
	prep->quotalen = sizeof(*a);
	return 0;
}

static void authorizer_free_preparse(struct key_preparsed_payload *prep)
{
	kfree(prep->payload.data[0]);
}

static void authorizer_destroy(struct key *key)
{
	kfree(key->payload.data[0]);
}

static void authorizer_describe(const struct key *key, struct seq_file *m)
{
	const struct authorizer *a = key->payload.data[0];

	seq_puts(m, key->description);
	if (key_is_positive(key))
		seq_printf(m, ": %s", a->label);
}

static struct key_type authorizer_type = {
	.name		= "coconut_authorizer",
	.preparse	= authorizer_preparse,
	.free_preparse	= authorizer_free_preparse,
	.instantiate	= generic_key_instantiate,
	.destroy	= authorizer_destroy,
	.describe	= authorizer_describe,
};

/* The keyring's own guard; it holds for every way of linking. */
static int authorizer_restrict(struct key *keyring, const struct key_type *type,
			       const union key_payload *payload, struct key *restriction_key)
{
	return type == &authorizer_type && !READ_ONCE(authorizer_sealed) ? 0 : -EPERM;
}

static struct key_restriction authorizer_restriction = {
	.check = authorizer_restrict,
};

/* ---- what the kernel asks ---- */

static void authorizer_record(const char *object, int result)
{
	size_t len = strlen(object);
	struct audit_entry entry = {
		.aid = agent_aid(agent_current()),
		.event = AGENT_EVENT_AUTHORIZER,
		.class = AGENT_CLASS_LIFE,
		.decision = result ? AGENT_DECISION_DENIED : AGENT_DECISION_ALLOWED,
		.result = result,
		.object = object,
		.object_len = min_t(size_t, len, AUDIT_CHAIN_OBJECT_MAX),
	};

	audit_chain_throttle(entry.aid);
	audit_chain_append(&entry);
}

static bool authorizer_label_valid(const char *label)
{
	size_t len = strlen(label);

	if (!len || len > AUTHORIZER_LABEL_MAX)
		return false;
	while (len--)
		if (label[len] < ' ' || label[len] > '~')
			return false;
	return true;
}

static int authorizer_link(const u8 key[ED25519_PUBLIC_SIZE], const char *label)
{
	u8 payload[ED25519_PUBLIC_SIZE + AUTHORIZER_LABEL_MAX];
	char name[2 * ED25519_PUBLIC_SIZE + 1];
	const struct cred *saved;
	key_ref_t ref;

	if (authorizer_nr == AUTHORIZERS_MAX)
		return -ENOSPC;
	memcpy(payload, key, ED25519_PUBLIC_SIZE);
	memcpy(payload + ED25519_PUBLIC_SIZE, label, strlen(label));
	snprintf(name, sizeof(name), "%*phN", ED25519_PUBLIC_SIZE, key);
	saved = override_creds(authorizer_cred);
	ref = key_create(make_key_ref(authorizer_keyring, true), authorizer_type.name, name,
			 payload, ED25519_PUBLIC_SIZE + strlen(label),
			 KEY_POS_VIEW | KEY_POS_READ | KEY_POS_SEARCH | KEY_USR_VIEW,
			 KEY_ALLOC_NOT_IN_QUOTA | KEY_ALLOC_BUILT_IN | KEY_ALLOC_SET_KEEP);
	revert_creds(saved);
	if (IS_ERR(ref))
		return PTR_ERR(ref);
	key_ref_put(ref);
	authorizer_nr++;
	return 0;
}

/**
 * authorizer_add - trust manifests signed with a key
 * @key: Ed25519 public key
 * @label: for people; printable ASCII, 1 to 64 bytes
 *
 * Whether the caller may is checked by whom it calls; a record is made in any case.
 *
 * Context: may sleep.
 * Return: 0, -EPERM (sealed), -EEXIST, -EINVAL (label), -ENOSPC (64 keys), -ENOMEM,
 * -ENOKEY (too early in the boot).
 */
int authorizer_add(const u8 key[ED25519_PUBLIC_SIZE], const char *label)
{
	char object[16 + 2 * ED25519_PUBLIC_SIZE + AUTHORIZER_LABEL_MAX];
	int err;

	if (!authorizer_label_valid(label))
		return -EINVAL;
	mutex_lock(&authorizer_lock);
	if (!authorizer_keyring)
		err = -ENOKEY;
	else if (authorizer_sealed)
		err = -EPERM;
	else
		err = authorizer_link(key, label);
	mutex_unlock(&authorizer_lock);
	snprintf(object, sizeof(object), "add %*phN %s", ED25519_PUBLIC_SIZE, key, label);
	authorizer_record(object, err);
	return err;
}

/**
 * authorizer_seal - no key is added from now on
 *
 * Context: may sleep.
 */
void authorizer_seal(void)
{
	mutex_lock(&authorizer_lock);
	WRITE_ONCE(authorizer_sealed, true);
	mutex_unlock(&authorizer_lock);
	authorizer_record("seal", 0);
}

/**
 * authorizer_known - is this key one of an authorizer?
 * @key: Ed25519 public key
 *
 * Asked with the kernel's credential: the caller, an agent that spawns another one,
 * may not itself look at keyrings.
 *
 * Context: may sleep.
 * Return: true if so.
 */
bool authorizer_known(const u8 key[ED25519_PUBLIC_SIZE])
{
	char name[2 * ED25519_PUBLIC_SIZE + 1];
	const struct cred *saved;
	key_ref_t ref;

	if (!authorizer_keyring)
		return false;
	snprintf(name, sizeof(name), "%*phN", ED25519_PUBLIC_SIZE, key);
	saved = override_creds(authorizer_cred);
	ref = keyring_search(make_key_ref(authorizer_keyring, true), &authorizer_type, name,
			     false);
	revert_creds(saved);
	if (IS_ERR(ref))
		return false;
	key_ref_put(ref);
	return true;
}

static int authorizer_show_one(const void *object, void *m)
{
	const struct key *key = object;
	const struct authorizer *a = key->payload.data[0];

	seq_printf(m, "%*phN %s\n", ED25519_PUBLIC_SIZE, a->key, a->label);
	return 0;
}

/**
 * authorizer_show - "sealed" or "open", then a key and its label a line
 * @m: where to
 *
 * Context: may sleep.
 * Return: 0.
 */
int authorizer_show(struct seq_file *m)
{
	seq_puts(m, READ_ONCE(authorizer_sealed) ? "sealed\n" : "open\n");
	if (!authorizer_keyring)
		return 0;
	/* Only keys of our type are ever linked: each leaf is one. */
	down_read(&authorizer_keyring->sem);
	assoc_array_iterate(&authorizer_keyring->keys, authorizer_show_one, m);
	up_read(&authorizer_keyring->sem);
	return 0;
}

static int __init authorizer_init(void)
{
	const struct cred *cred;
	struct key *keyring;
	int err = register_key_type(&authorizer_type);

	if (err)
		return err;
	cred = prepare_kernel_cred(&init_task);
	if (!cred)
		return -ENOMEM;
	keyring = keyring_alloc(".coconut_authorizers", GLOBAL_ROOT_UID, GLOBAL_ROOT_GID, cred,
				(KEY_POS_ALL & ~KEY_POS_SETATTR) |
				KEY_USR_VIEW | KEY_USR_READ | KEY_USR_SEARCH,
				KEY_ALLOC_NOT_IN_QUOTA | KEY_ALLOC_SET_KEEP,
				&authorizer_restriction, NULL);
	if (IS_ERR(keyring)) {
		put_cred(cred);
		return PTR_ERR(keyring);
	}
	authorizer_cred = cred;
	authorizer_keyring = keyring;
	return 0;
}
late_initcall(authorizer_init);
