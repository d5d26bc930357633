// SPDX-License-Identifier: GPL-2.0
/*
 * Device files: class fs; their ioctls: class dev too.
 *
 * Whoever may make files in a hierarchy, all kinds included, would reach each disk
 * of the machine through a device file of its own, and so would a disk image that
 * somebody mounted. For an agent all file systems are as if mounted with nodev, but
 * for those where the kernel makes the device files: there a capability names the
 * device that a human saw.
 *
 * An ioctl of a device needs the right ioctl_dev of a hierarchy or, where that would be
 * too much, a capability for the class of device and the number of the ioctl. The
 * class is that of /sys/class; pseudo terminals, which sysfs does not list, are ttys.
 */
#include <linux/agent.h>
#include <linux/blkdev.h>
#include <linux/device.h>
#include <linux/fs.h>
#include <linux/rcupdate.h>
#include <linux/string.h>

/* For the list of all devices. */
#include "../../drivers/base/base.h"
#include "../../kernel/agent/cap.h"
#include "decide.h"
#include "device.h"

static bool made_by_kernel(const struct super_block *sb)
{
	return !strcmp(sb->s_type->name, "devtmpfs") || !strcmp(sb->s_type->name, "devpts");
}

/**
 * coconut_decide_device() - May an agent open this device file?
 * @agent: who wants to; not NULL
 * @file: the device file
 *
 * Return: 0, or the denial, recorded.
 */
int coconut_decide_device(struct agent *agent, const struct file *file)
{
	if (made_by_kernel(file_inode(file)->i_sb))
		return 0;
	return coconut_decide(agent, &(struct agent_request){
		.class = AGENT_CLASS_FS,
		.rights = COCONUT_RIGHT_NEVER,
		.path = file_user_path(file),
	}, NULL);
}

/* By the number that a device file has; "" where no device of a class has it. */
static void class_of(const struct inode *inode, char *name, size_t size)
{
	bool block = S_ISBLK(inode->i_mode);
	struct kobject *kobj;

	strscpy(name, strcmp(inode->i_sb->s_type->name, "devpts") ? "" : "tty", size);
	spin_lock(&devices_kset->list_lock);
	list_for_each_entry(kobj, &devices_kset->list, entry) {
		const struct device *dev = kobj_to_dev(kobj);

		if (dev->devt != inode->i_rdev || !dev->class)
			continue;
		if (block == !strcmp(dev->class->name, "block"))
			strscpy(name, dev->class->name, size);
	}
	spin_unlock(&devices_kset->list_lock);
}

static bool holds_any(struct agent *agent)
{
	const struct cap_set *set;
	bool any;

	rcu_read_lock();
	set = rcu_dereference(agent->caps);
	any = set && set->first[AGENT_CLASS_DEV] != set->first[AGENT_CLASS_DEV + 1];
	rcu_read_unlock();
	return any;
}

/**
 * coconut_device_covered() - Does a capability speak of this ioctl of a device?
 * @agent: who wants to; not NULL
 * @file: the open device file
 * @cmd: the ioctl
 * @err: set to the decision, recorded, where one does
 *
 * Context: may sleep.
 * Return: true if so; false: it is for class fs to decide.
 */
bool coconut_device_covered(struct agent *agent, const struct file *file, unsigned int cmd,
			    int *err)
{
	char name[32];
	const struct agent_request req = {
		.class = AGENT_CLASS_DEV,
		.rights = AGENT_DEV_USE,
		.object = name,
		.cmd = cmd,
	};

	if (!holds_any(agent))
		return false;
	class_of(file_inode(file), name, sizeof(name));
	if (!coconut_holds(agent, &req))
		return false;
	*err = coconut_decide(agent, &req, NULL);
	return true;
}
