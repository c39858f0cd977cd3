/* A plain SNTP server: recvfrom, two clock readings, sendto, and nothing else. */
#include <arpa/inet.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

static void stamp(uint8_t *at)
{
	struct timespec now;
	clock_gettime(CLOCK_REALTIME, &now);
	uint32_t seconds = htonl((uint32_t)(now.tv_sec + 2208988800u));
	uint32_t fraction = htonl((uint32_t)(((uint64_t)now.tv_nsec << 32) / 1000000000u));
	memcpy(at, &seconds, 4);
	memcpy(at + 4, &fraction, 4);
}

int main(void)
{
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	struct sockaddr_in own = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof own;
	if (fd < 0 || bind(fd, (struct sockaddr *)&own, sizeof own) < 0)
		return 1;
	getsockname(fd, (struct sockaddr *)&own, &size);
	fprintf(stderr, "listening on 127.0.0.1:%d\n", ntohs(own.sin_port));
	for (;;) {
		uint8_t packet[1024];
		struct sockaddr_in peer;
		size = sizeof peer;
		ssize_t length = recvfrom(fd, packet, sizeof packet, 0, (struct sockaddr *)&peer, &size);
		if (length < 48 || (packet[0] & 7) != 3)
			continue;
		stamp(packet + 32);
		memcpy(packet + 24, packet + 40, 8);
		packet[0] = (packet[0] & 0x38) | 4;
		packet[1] = 10;
		stamp(packet + 40);
		sendto(fd, packet, 48, 0, (struct sockaddr *)&peer, size);
	}
}
