/* streams CLIENTS PORT TARGET COUNT: reads a stream of log lines with many clients at once, and counts.
 *
 * Writes "ready" to stdout when all are subscribed. Ends when the lines and the gaps of each add up to COUNT, with one
 * line of output a client: the lines it got, those it was told are dropped, and when its last line came
 * (CLOCK_MONOTONIC in nanoseconds). Fails where that is not reached and nothing comes for 20 s. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { MOST = 1024, CHUNK = 256 * 1024, KEPT = 4096, PATIENCE_MS = 20000 };
static struct { int socket, ready; size_t kept; long lines, dropped; int64_t last; char tail[KEPT]; } all[MOST];
static char buffer[KEPT + CHUNK + 1];

static int64_t now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1000000000LL + time.tv_nsec;
}

static void fail(const char *why) { fprintf(stderr, "streams: %s\n", why), exit(1); }
static int begins(const char *line, const char *with) { return !strncmp(line, with, strlen(with)); }

/* Counts what stands in whole lines, and returns where the rest begins. */
static char *take(int n, char *at, char *end) {
    for (char *next; (next = memchr(at, '\n', end - at)); at = next + 1) {
        if (at[0] == 'd' && begins(at, "data: {\"count\":")) all[n].dropped += atol(at + 15);
        else if (at[0] == 'd' && begins(at, "data: {")) all[n].lines++;
        else if (at[0] == ':' && begins(at, ": prox")) all[n].ready = 1;
        else if (at[0] == 'H' && begins(at, "HTTP/1") && !begins(at + 8, " 200")) fail("an answer is not 200");
    }
    return at;
}

static void receive(int n) {
    memcpy(buffer, all[n].tail, all[n].kept);
    ssize_t got = recv(all[n].socket, buffer + all[n].kept, CHUNK, 0);
    if (got <= 0) fail("a stream has ended");
    long before = all[n].lines;
    char *end = buffer + all[n].kept + got;
    *end = 0;
    char *rest = take(n, buffer, end);
    if (end - rest > KEPT) fail("a line is too long");
    memcpy(all[n].tail, rest, all[n].kept = end - rest);
    if (all[n].lines != before) all[n].last = now();
}

static void subscribe(int n, int epoll, int port, const char *target) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct epoll_event event = {.events = EPOLLIN, .data.u32 = n};
    char request[512];
    /* HTTP/1.0: without chunks, whose sizes could stand in the middle of a line. */
    int size = snprintf(request, sizeof request, "GET %s HTTP/1.0\r\nHost: 127.0.0.1:%d\r\n\r\n", target, port);
    all[n].socket = socket(AF_INET, SOCK_STREAM, 0);
    if (connect(all[n].socket, (struct sockaddr *)&address, sizeof address)) fail("no connection");
    if (write(all[n].socket, request, size) != size) fail("no request");
    epoll_ctl(epoll, EPOLL_CTL_ADD, all[n].socket, &event);
}

int main(int words, char **word) {
    if (words != 5 || atoi(word[1]) > MOST) return 64;
    int clients = atoi(word[1]), epoll = epoll_create1(0), ready = 0, done = 0;
    long count = atol(word[4]);
    for (int n = 0; n < clients; n++) subscribe(n, epoll, atoi(word[2]), word[3]);
    while (done < clients) {
        struct epoll_event events[64];
        int found = epoll_wait(epoll, events, 64, PATIENCE_MS);
        if (found <= 0) fail("nothing comes");
        for (int each = 0; each < found; each++) {
            int n = events[each].data.u32, was_ready = all[n].ready;
            receive(n);
            if (all[n].lines + all[n].dropped > count) fail("more lines than were written");
            if (!was_ready && all[n].ready && ++ready == clients) puts("ready"), fflush(stdout);
            if (all[n].lines + all[n].dropped == count) done++, epoll_ctl(epoll, EPOLL_CTL_DEL, all[n].socket, NULL);
        }
    }
    for (int n = 0; n < clients; n++) printf("%ld %ld %lld\n", all[n].lines, all[n].dropped, (long long)all[n].last);
}
