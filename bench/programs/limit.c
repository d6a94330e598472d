/* limit COUNT COMMAND...: what a supervisor cannot be faster than. Spawns COUNT times `sh -c COMMAND`, each with its
 * output in a pipe, writes `N | ` before each line to stdout, passes SIGTERM on to all, and ends with the last of them. */
#define _GNU_SOURCE
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MOST = 1024, CHUNK = 64 * 1024, PREFIX = 7 };
extern char **environ;
static pid_t children[MOST];
static struct { char text[CHUNK]; size_t used; char prefix[PREFIX + 1]; } streams[MOST];
static char out[CHUNK * 8];
static int count;

static void terminate(int number) { for (int n = 0; n < count; n++) kill(-children[n], number); }

static void print(int n, size_t size) {
    size_t used = 0;
    for (char *line = streams[n].text, *end = line + size, *next; line < end; line = next) {
        next = (char *)memchr(line, '\n', end - line) + 1;
        memcpy(out + used, streams[n].prefix, PREFIX), used += PREFIX;
        memcpy(out + used, line, next - line), used += next - line;
    }
    for (size_t done = 0; done < used;) done += write(1, out + done, used - done);
}

int main(int words, char **word) {
    if (words != 3 || (count = atoi(word[1])) > MOST) return 64;
    struct pollfd fds[MOST];
    posix_spawnattr_t attributes;
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
    for (int n = 0; n < count; n++) {
        int ends[2];
        if (pipe2(ends, 02000000 /* O_CLOEXEC */)) return 1;
        posix_spawn_file_actions_t actions;
        posix_spawn_file_actions_init(&actions);
        posix_spawn_file_actions_adddup2(&actions, ends[1], 1);
        posix_spawn_file_actions_adddup2(&actions, ends[1], 2);
        char *arguments[] = {"sh", "-c", word[2], NULL};
        if (posix_spawn(&children[n], "/bin/sh", &actions, &attributes, arguments, environ)) return 1;
        close(ends[1]);
        fds[n] = (struct pollfd){ends[0], POLLIN, 0};
        snprintf(streams[n].prefix, PREFIX + 1, "%4d | ", n);
    }
    signal(SIGTERM, terminate);
    for (int open = count; open;) {
        if (poll(fds, count, -1) < 0) continue;
        for (int n = 0; n < count; n++) {
            if (!fds[n].revents) continue;
            ssize_t got = read(fds[n].fd, streams[n].text + streams[n].used, CHUNK - streams[n].used);
            if (got <= 0) { close(fds[n].fd), fds[n].fd = -1, open--; continue; }
            size_t have = streams[n].used + got;
            char *last = memrchr(streams[n].text, '\n', have);
            size_t whole = last ? last + 1 - streams[n].text : 0;
            print(n, whole);
            memmove(streams[n].text, streams[n].text + whole, streams[n].used = have - whole);
        }
    }
    while (wait(NULL) > 0) {}
}
