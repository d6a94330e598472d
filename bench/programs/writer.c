/* writer COUNT BLOCK: writes COUNT numbered lines of 100 bytes to stdout, in writes of at most BLOCK bytes (0: one write
 * a line).
 *
 * Reports twice to the named pipe in BENCH_PIPE, as two 64-bit integers: when it begins (0 and CLOCK_MONOTONIC in
 * nanoseconds), and when it ends (1 and its own CPU time in nanoseconds). */
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

enum { LINE = 100, DIGITS = 10 };
static char buffer[1 << 20];

static void report(int64_t what, int64_t value) {
    int64_t pair[2] = {what, value};
    int pipe = open(getenv("BENCH_PIPE"), O_WRONLY | O_CLOEXEC);
    if (pipe < 0 || write(pipe, pair, sizeof pair) != sizeof pair) exit(2);
    close(pipe);
}

static void flush(size_t size) {
    for (size_t done = 0; done < size;) {
        ssize_t written = write(1, buffer + done, size - done);
        if (written < 0) exit(1);
        done += written;
    }
}

int main(int count_of_words, char **words) {
    if (count_of_words != 3) return 64;
    long count = atol(words[1]);
    size_t block = atol(words[2]), used = 0;
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    report(0, now.tv_sec * 1000000000LL + now.tv_nsec);
    for (long number = 0; number < count; number++) {
        char *line = buffer + used;
        memset(line, 'x', LINE - 1);
        long rest = number;
        for (int place = DIGITS - 1; place >= 0; place--, rest /= 10) line[place] = '0' + rest % 10;
        line[DIGITS] = ' ';
        line[LINE - 1] = '\n';
        used += LINE;
        if (used + LINE > block || used + LINE > sizeof buffer) flush(used), used = 0;
    }
    flush(used);
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    report(1, (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000000000LL +
                  (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * 1000LL);
    return 0;
}
