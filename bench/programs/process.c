/* A process to start and stop: reports its pid and the time of its first instruction, and sleeps until SIGTERM.
 *
 * The report goes to the named pipe in BENCH_PIPE: two 64-bit integers, the pid and CLOCK_MONOTONIC in nanoseconds. */
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

int main(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    int64_t report[2] = {getpid(), now.tv_sec * 1000000000LL + now.tv_nsec};
    int pipe = open(getenv("BENCH_PIPE"), O_WRONLY | O_CLOEXEC);
    if (pipe < 0 || write(pipe, report, sizeof report) != sizeof report) return 1;
    for (;;) pause();
}
