/*
 * The least that a TCP server can do with a line: read it, write it.
 *
 *   echo        one client at a time, who gets back what it says
 *   echo pair   two clients, each of whom gets what the other says
 *
 * The floor for the benchmark "chat": no names, no lines, two system calls for
 * each message. It prints its address on stderr, as the last word of its ready
 * line, as our own servers do.
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

/* As much as one line of the room can be. */
enum { LINE_LIMIT = 8192 };

static void die(const char *call) {
    perror(call);
    exit(1);
}

/* Passes on whatever comes, until the one who speaks closes. */
static void pass_on(int from, int to) {
    char line[LINE_LIMIT];
    ssize_t got;
    while ((got = read(from, line, sizeof line)) > 0)
        for (ssize_t sent = 0; sent < got;) {
            ssize_t wrote = write(to, line + sent, got - sent);
            if (wrote < 0)
                die("write");
            sent += wrote;
        }
}

static int listen_on_loopback(void) {
    struct sockaddr_in here = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof here;
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    if (listener < 0)
        die("socket");
    if (bind(listener, (struct sockaddr *)&here, sizeof here) < 0)
        die("bind");
    if (listen(listener, 1) < 0)
        die("listen");
    if (getsockname(listener, (struct sockaddr *)&here, &size) < 0)
        die("getsockname");
    fprintf(stderr, "listening on 127.0.0.1:%d\n", ntohs(here.sin_port));
    return listener;
}

static int accept_one(int listener) {
    int client = accept(listener, NULL, NULL);
    if (client < 0)
        die("accept");
    return client;
}

int main(int argc, char **argv) {
    (void)argv;
    int listener = listen_on_loopback();
    if (argc > 1) {
        /* One process for each direction: both then only read and write. */
        int first = accept_one(listener), second = accept_one(listener);
        int other_way = fork() == 0;
        pass_on(other_way ? second : first, other_way ? first : second);
        return 0;
    }
    for (;;) {
        int client = accept_one(listener);
        pass_on(client, client);
        close(client);
    }
}
