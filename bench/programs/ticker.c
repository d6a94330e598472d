/* ticker COUNT: writes COUNT lines to stdout, one each 20 ms, each the time of its write (CLOCK_MONOTONIC in
 * nanoseconds), and then waits for a signal. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

int main(int words, char **word) {
    if (words != 2) return 64;
    for (long left = atol(word[1]); left; left--) {
        struct timespec now;
        usleep(20000);
        clock_gettime(CLOCK_MONOTONIC, &now);
        dprintf(1, "%lld\n", now.tv_sec * 1000000000LL + now.tv_nsec);
    }
    pause();
}
