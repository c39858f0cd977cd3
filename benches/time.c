/* A plain SNTP server: recvfrom, two clock readings, sendto, and nothing else; or, with an argument, 64 at a time. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

enum { AT_ONCE = 64 };

static void stamp(uint8_t *at)
{
	struct timespec now;
	clock_gettime(CLOCK_REALTIME, &now);
	uint32_t seconds = htonl((uint32_t)(now.tv_sec + 2208988800u));
	uint32_t fraction = htonl((uint32_t)(((uint64_t)now.tv_nsec << 32) / 1000000000u));
	memcpy(at, &seconds, 4);
	memcpy(at + 4, &fraction, 4);
}

/* Makes the answer of a question in its place; whether it is one. */
static int answered(uint8_t *packet, ssize_t length)
{
	if (length < 48 || (packet[0] & 7) != 3)
		return 0;
	stamp(packet + 32);
	memcpy(packet + 24, packet + 40, 8);
	packet[0] = (packet[0] & 0x38) | 4;
	packet[1] = 10;
	stamp(packet + 40);
	return 1;
}

static void one_by_one(int fd)
{
	for (;;) {
		uint8_t packet[1024];
		struct sockaddr_in peer;
		socklen_t size = sizeof peer;
		ssize_t length = recvfrom(fd, packet, sizeof packet, 0, (struct sockaddr *)&peer, &size);
		if (answered(packet, length))
			sendto(fd, packet, 48, 0, (struct sockaddr *)&peer, size);
	}
}

static struct mmsghdr message(struct sockaddr_in *peer, struct iovec *part)
{
	return (struct mmsghdr){
		.msg_hdr = {.msg_name = peer, .msg_namelen = sizeof *peer, .msg_iov = part, .msg_iovlen = 1}};
}

static void at_once(int fd)
{
	static uint8_t packets[AT_ONCE][1024];
	static struct sockaddr_in peers[AT_ONCE];
	struct mmsghdr in[AT_ONCE], out[AT_ONCE];
	struct iovec places[AT_ONCE], parts[AT_ONCE];
	for (;;) {
		for (int i = 0; i < AT_ONCE; i++) {
			places[i] = (struct iovec){packets[i], sizeof packets[i]};
			in[i] = message(&peers[i], &places[i]);
		}
		int came = recvmmsg(fd, in, AT_ONCE, MSG_WAITFORONE, NULL), answers = 0;
		for (int i = 0; i < came; i++) {
			if (!answered(packets[i], in[i].msg_len))
				continue;
			parts[answers] = (struct iovec){packets[i], 48};
			out[answers] = message(&peers[i], &parts[answers]);
			answers++;
		}
		if (answers)
			sendmmsg(fd, out, answers, 0);
	}
}

int main(int argc, char **argv)
{
	(void)argv;
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	struct sockaddr_in own = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof own;
	if (fd < 0 || bind(fd, (struct sockaddr *)&own, sizeof own) < 0)
		return 1;
	getsockname(fd, (struct sockaddr *)&own, &size);
	fprintf(stderr, "listening on 127.0.0.1:%d\n", ntohs(own.sin_port));
	if (argc > 1)
		at_once(fd);
	one_by_one(fd);
}
