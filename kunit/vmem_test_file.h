/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Access to the files of vmem.ko: parameters in sysfs, and seq_files in
 * debugfs. A kernel thread has no user memory to read into, so vt_seq_read()
 * calls seq_read_iter() instead of read(). Before this call, vt_seq_read()
 * calls debugfs_file_get(), as debugfs does for a read, so that the file cannot
 * be removed during the read.
 */
#ifndef VMEM_TEST_FILE_H
#define VMEM_TEST_FILE_H

#include <linux/debugfs.h>
#include <linux/err.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/kmod.h>
#include <linux/seq_file.h>
#include <linux/string.h>
#include <linux/uio.h>

#include "vmem_test.h"

#define VT_DEBUGFS	"/sys/kernel/debug/vmem/"
#define VT_PARAM	"/sys/module/vmem/parameters/"

/*
 * Close the file now. Without the flush, the kernel closes a kernel thread's
 * files later.
 */
static inline void vt_file_close(struct file *f)
{
	filp_close(f, NULL);
	flush_delayed_fput();
}

/*
 * Set a parameter of vmem.ko to @value, or leave it unchanged if @value is
 * NULL. If @old is not NULL, store the old value there.
 */
static inline int vt_param(const char *name, const char *value, char *old,
			   size_t size)
{
	char path[96];
	struct file *f;
	loff_t pos = 0;
	ssize_t n;

	snprintf(path, sizeof(path), VT_PARAM "%s", name);
	f = filp_open(path, value ? O_RDWR : O_RDONLY, 0);
	if (IS_ERR(f))
		return PTR_ERR(f);
	n = 0;
	if (old) {
		n = kernel_read(f, old, size - 1, &pos);
		if (n >= 0) {
			old[n] = '\0';
			strim(old);
		}
	}
	if (n >= 0 && value) {
		pos = 0;
		n = kernel_write(f, value, strlen(value), &pos);
	}
	vt_file_close(f);
	return n < 0 ? n : 0;
}

/*
 * Run the concatenation of @before and @command in a user-space shell. Returns
 * 0 if the shell succeeded.
 */
static inline int vt_shell(const char *before, const char *command)
{
	char line[256];
	char *argv[4] = { "/bin/sh", "-c", line, NULL };
	char *envp[3] = { "HOME=/", "PATH=/bin:/usr/bin:/sbin", NULL };

	snprintf(line, sizeof(line), "%s%s", before, command);
	return call_usermodehelper(argv[0], argv, envp, UMH_WAIT_PROC);
}

/*
 * Read the next bytes of an open seq_file in debugfs. Returns the number of
 * bytes, 0 at the end of the file, or -EIO if the file has been removed.
 */
static inline ssize_t vt_seq_read(struct file *f, char *buf, size_t size,
				  loff_t *pos)
{
	struct kvec kvec = { .iov_base = buf, .iov_len = size };
	struct dentry *dentry = f->f_path.dentry;
	struct kiocb kiocb;
	struct iov_iter iter;
	ssize_t n;

	n = debugfs_file_get(dentry);
	if (n)
		return n;
	init_sync_kiocb(&kiocb, f);
	kiocb.ki_pos = *pos;
	iov_iter_kvec(&iter, ITER_DEST, &kvec, 1, size);
	n = seq_read_iter(&kiocb, &iter);
	*pos = kiocb.ki_pos;
	debugfs_file_put(dentry);
	return n;
}

/*
 * Read at most @size - 1 bytes of a file in the debugfs directory of vmem. The
 * caller frees the text with kvfree(). Returns NULL if the file cannot be
 * opened.
 */
static inline char *vt_debugfs(struct kunit *test, const char *name,
			       size_t size)
{
	char *path = kunit_kzalloc(test, 256, GFP_KERNEL);
	char *buf = kvzalloc(size, GFP_KERNEL);
	struct file *f;
	loff_t pos = 0;
	size_t len = 0;
	ssize_t n;

	KUNIT_ASSERT_NOT_NULL(test, path);
	KUNIT_ASSERT_NOT_NULL(test, buf);
	snprintf(path, 256, VT_DEBUGFS "%s", name);
	f = filp_open(path, O_RDONLY, 0);
	if (IS_ERR(f)) {
		kvfree(buf);
		KUNIT_FAIL(test, "cannot open %s", path);
		return NULL;
	}
	while (len < size - 1) {
		n = vt_seq_read(f, buf + len, size - 1 - len, &pos);
		KUNIT_EXPECT_GE(test, n, (ssize_t)0);
		if (n <= 0)
			break;
		len += n;
	}
	vt_file_close(f);
	return buf;
}

/* Returns true if debugfs is configured and mounted at /sys/kernel/debug. */
static inline bool vt_has_debugfs(void)
{
	struct file *f = filp_open(VT_DEBUGFS "arenas", O_RDONLY, 0);

	if (IS_ERR(f))
		return false;
	vt_file_close(f);
	return true;
}

/* .init for suites that need debugfs in every test. */
static inline int vt_debugfs_init(struct kunit *test)
{
	if (!vt_has_debugfs())
		kunit_skip(test, "no debugfs at /sys/kernel/debug");
	return vt_init(test);
}

#endif /* VMEM_TEST_FILE_H */
