/*
 * The least that remote commands can cost: no key, no tags, no log, no limits.
 *
 *   exec serve COMMAND   for each client runs COMMAND and sends its output in
 *                        frames: 4 bytes of length, 1 of kind, at most 64 KiB
 *   exec read PORT       reads such frames and writes what is in them to its
 *                        standard output
 *   exec spawn N         starts `sh -c true` and waits for it, N times
 *
 * The floors for the benchmark "exec". As a server it prints its address on
 * stderr, as the last word of its ready line, as our own servers do.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { HEAD = 5, PAYLOAD = 65536, PIPE = 1024 * 1024, OUTPUT = 7, END = 9 };

extern char **environ;

static void die(const char *call) {
    perror(call);
    exit(1);
}

static void write_all(int to, const unsigned char *bytes, size_t length) {
    while (length > 0) {
        ssize_t wrote = write(to, bytes, length);
        if (wrote < 0)
            die("write");
        bytes += wrote;
        length -= wrote;
    }
}

/* Whether all of it came: 0 at the end of the stream. */
static int read_all(int from, unsigned char *bytes, size_t length) {
    while (length > 0) {
        ssize_t got = read(from, bytes, length);
        if (got <= 0)
            return 0;
        bytes += got;
        length -= got;
    }
    return 1;
}

/* `sh -c command` with its output in a pipe, whose end for reading is left in *output. */
static pid_t start(char *command, int *output) {
    char *arguments[] = {"sh", "-c", command, NULL};
    posix_spawn_file_actions_t actions;
    pid_t shell;
    int ends[2];
    posix_spawn_file_actions_init(&actions);
    if (output) {
        if (pipe2(ends, O_CLOEXEC) < 0)
            die("pipe2");
        fcntl(ends[0], F_SETPIPE_SZ, PIPE);
        posix_spawn_file_actions_adddup2(&actions, ends[1], 1);
        *output = ends[0];
    }
    if (posix_spawn(&shell, "/bin/sh", &actions, NULL, arguments, environ) != 0)
        die("posix_spawn");
    posix_spawn_file_actions_destroy(&actions);
    if (output)
        close(ends[1]);
    return shell;
}

/* The head stands before the payload, so that a frame is one write. */
static void send_frame(int client, unsigned char *frame, uint8_t kind, size_t payload) {
    uint32_t length = htonl(1 + payload);
    memcpy(frame, &length, sizeof length);
    frame[4] = kind;
    write_all(client, frame, HEAD + payload);
}

static void serve(char *command) {
    static unsigned char frame[HEAD + PAYLOAD];
    struct sockaddr_in here = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof here;
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1, output;
    if (listener < 0 || bind(listener, (struct sockaddr *)&here, sizeof here) < 0 || listen(listener, 1) < 0)
        die("listen");
    getsockname(listener, (struct sockaddr *)&here, &size);
    fprintf(stderr, "listening on 127.0.0.1:%d\n", ntohs(here.sin_port));
    for (;;) {
        int client = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
        if (client < 0)
            die("accept");
        setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        pid_t shell = start(command, &output);
        ssize_t got;
        while ((got = read(output, frame + HEAD, PAYLOAD)) > 0)
            send_frame(client, frame, OUTPUT, got);
        waitpid(shell, NULL, 0);
        send_frame(client, frame, END, 0);
        close(output);
        close(client);
    }
}

/* A frame is two reads: its head, then all of its payload. */
static void receive(int port) {
    static unsigned char buffer[HEAD + PAYLOAD];
    struct sockaddr_in there = {
        .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = htons(port)};
    int server = socket(AF_INET, SOCK_STREAM, 0);
    if (server < 0 || connect(server, (struct sockaddr *)&there, sizeof there) < 0)
        die("connect");
    while (read_all(server, buffer, HEAD)) {
        uint32_t length;
        memcpy(&length, buffer, sizeof length);
        length = ntohl(length) - 1;
        if (buffer[4] == END)
            exit(0);
        if (length > PAYLOAD || !read_all(server, buffer, length))
            break;
        write_all(1, buffer, length);
    }
    fprintf(stderr, "exec read: the connection broke\n");
    exit(1);
}

int main(int argc, char **argv) {
    if (argc == 3 && strcmp(argv[1], "serve") == 0)
        serve(argv[2]);
    if (argc == 3 && strcmp(argv[1], "read") == 0)
        receive(atoi(argv[2]));
    if (argc == 3 && strcmp(argv[1], "spawn") == 0)
        for (int left = atoi(argv[2]); left > 0; left--)
            waitpid(start("true", NULL), NULL, 0);
    return 0;
}
