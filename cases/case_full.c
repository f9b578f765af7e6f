// SPDX-License-Identifier: GPL-2.0
/*
 * A faulty client: an unbounded queue exhausts the source of another arena.
 *
 * A device has 16 MiB of memory, from which two arenas import. "video" has
 * frames of 256 KiB and keeps the last eight; "audio" has packets of 4 KiB.
 * Each step queues a packet, and every fourth step replaces the oldest frame.
 * The player reads packets and frees them. After 1000 steps the player stops,
 * and the queue grows without bound. When the device's memory is exhausted,
 * video drops all further frames, although video does not allocate more than
 * before.
 *
 *	insmod vmem.ko audit=1
 *	insmod case_full.ko
 *	echo 6000 >/sys/module/case_full/parameters/run
 */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/module.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/vmem.h>

#include "steps.h"

#define DEVICE_BASE	0x80000000UL
#define DEVICE_SIZE	SZ_16M
#define FRAME		SZ_256K
#define FRAMES		8
#define PACKET		SZ_4K
#define PACKETS		(DEVICE_SIZE / PACKET)	/* more than can be allocated */
#define MAX_UNREAD	50	/* queue length while the player reads */
#define STALL_STEP	1000	/* step in which the player stops */

static vmem_t *device, *video, *audio;
static void *frames[FRAMES];
static void **packets;			/* a ring; [head, tail) are queued */
static unsigned long head, tail;
static unsigned long dropped_frames, dropped_packets;

static noinline void video_frame(unsigned long i)
{
	void **oldest = &frames[i % FRAMES];
	void *frame = vmem_alloc(video, FRAME, VM_NOSLEEP);

	if (!frame) {
		dropped_frames++;
		return;
	}
	if (*oldest)
		vmem_free(video, *oldest, FRAME);
	*oldest = frame;
}

static noinline void audio_queue_packet(void)
{
	void *packet = vmem_alloc(audio, PACKET, VM_NOSLEEP);

	if (packet)
		packets[tail++ % PACKETS] = packet;
	else
		dropped_packets++;
}

static void audio_read_packet(void)
{
	vmem_free(audio, packets[head++ % PACKETS], PACKET);
}

static void step(unsigned long i)
{
	audio_queue_packet();
	if (i < STALL_STEP && tail - head > MAX_UNREAD)
		audio_read_packet();
	if (i % 4 == 3)
		video_frame(i / 4);
}

/* Undo case_full_init(), even if it failed halfway. */
static void clean_up(void)
{
	unsigned int i;

	if (audio) {
		while (head != tail)
			audio_read_packet();
		vmem_destroy(audio);
	}
	if (video) {
		for (i = 0; i < FRAMES; i++)
			if (frames[i])
				vmem_free(video, frames[i], FRAME);
		vmem_destroy(video);
	}
	if (device)
		vmem_destroy(device);
	kvfree(packets);
}

static int __init case_full_init(void)
{
	packets = kvcalloc(PACKETS, sizeof(*packets), GFP_KERNEL);
	if (!packets)
		return -ENOMEM;
	device = vmem_create("device_memory", (void *)DEVICE_BASE, DEVICE_SIZE,
			     PAGE_SIZE, NULL, NULL, NULL, 0, VM_SLEEP);
	if (!device)
		goto fail;
	video = vmem_create("video", NULL, 0, PAGE_SIZE, vmem_alloc, vmem_free,
			    device, 0, VM_SLEEP);
	/*
	 * With VMC_NO_QCACHE, qcache_max sets the size of the smallest import.
	 */
	audio = vmem_create("audio", NULL, 0, PACKET, vmem_alloc, vmem_free,
			    device, SZ_16K, VM_SLEEP | VMC_NO_QCACHE);
	if (!video || !audio)
		goto fail;
	steps_enable(true);
	return 0;

fail:
	clean_up();
	return -ENOMEM;
}
module_init(case_full_init);

static void __exit case_full_exit(void)
{
	steps_enable(false);
	pr_info("%lu frames and %lu packets dropped\n", dropped_frames,
		dropped_packets);
	clean_up();
}
module_exit(case_full_exit);

MODULE_DESCRIPTION("vmem case: a client that exhausts its source");
MODULE_LICENSE("GPL");
