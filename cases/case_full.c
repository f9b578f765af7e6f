// SPDX-License-Identifier: GPL-2.0
/*
 * A client with a fault: a queue without a bound starves a neighbour.
 *
 * A device has 16 MiB of memory, from which its two halves import: "video", for
 * frames of 256 KiB of which it keeps the last eight, and "audio", for packets of
 * 4 KiB. A step queues a packet, and every fourth one takes a frame for the
 * oldest one. Packets are freed as the player reads them; after 1000 steps the
 * player stops reading, and nothing bounds the queue. When the device's memory is
 * full the picture stands still, although video has what it always had.
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
#define PACKETS		(DEVICE_SIZE / PACKET)	/* more than there is room for */
#define UNREAD		50
#define STALL		1000

static vmem_t *device, *video, *audio;
static void *frames[FRAMES];
static void **packets;			/* a ring: [head, tail) are queued */
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
	if (i < STALL && tail - head > UNREAD)
		audio_read_packet();
	if (i % 4 == 3)
		video_frame(i / 4);
}

/* Undoes any part of case_full_init(). */
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
	/* Without caches, the last size says how much to import at least. */
	audio = vmem_create("audio", NULL, 0, PACKET, vmem_alloc, vmem_free,
			    device, SZ_16K, VM_SLEEP | VMC_NO_QCACHE);
	if (!video || !audio)
		goto fail;
	steps_allow(true);
	return 0;

fail:
	clean_up();
	return -ENOMEM;
}
module_init(case_full_init);

static void __exit case_full_exit(void)
{
	steps_allow(false);
	pr_info("%lu frames and %lu packets dropped\n", dropped_frames,
		dropped_packets);
	clean_up();
}
module_exit(case_full_exit);

MODULE_DESCRIPTION("vmem case: a client that takes everything");
MODULE_LICENSE("GPL");
