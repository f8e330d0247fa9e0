/* Hash different keys and compare the instructions that toeplitz_hash runs: how many, and where each stands.
 *
 * Usage: instructions level key_bits out_bits          steps through some keys one instruction at a time
 *        instructions level key_bits out_bits key      hashes one key, for an instrument such as callgrind
 *
 * where a key is 0 (zeros), 1 (ones) or the seed of random bits. */
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kernels.h"

static const qkd_kernels *kernels;
static size_t n, m;
static uint8_t *key, *seed, *out;

static void fill(uint8_t *bytes, size_t n_bytes, uint64_t state)
{
    int constant = state < 2;
    uint8_t value = state ? 0xff : 0;
    for (size_t i = 0; i < n_bytes; i++) {
        state = state * 6364136223846793005 + 1442695040888963407; /* D. Knuth's MMIX */
        bytes[i] = constant ? value : (uint8_t)(state >> 56);
    }
}

static int hash(uint64_t key_number)
{
    fill(key, n / 8, key_number);
    __asm__ volatile("int3" ::: "memory");
    int failed = kernels->toeplitz_hash(key, n, seed, m, out);
    __asm__ volatile("int3" ::: "memory");
    return failed;
}

typedef struct {
    uint64_t count, places;
} trace;

static void expect(int truth, const char *what)
{
    if (truth)
        return;
    fprintf(stderr, "%s\n", what);
    exit(1);
}

/* From the child's first int3 to its second. */
static trace step_through(pid_t child)
{
    trace steps = {0, 14695981039346656037u}; /* FNV-1a */
    siginfo_t info;
    struct user_regs_struct registers;
    int status;
    for (;;) {
        expect(!ptrace(PTRACE_SINGLESTEP, child, NULL, NULL), "cannot step");
        waitpid(child, &status, 0);
        expect(WIFSTOPPED(status) && !ptrace(PTRACE_GETSIGINFO, child, NULL, &info), "the child is lost");
        if (info.si_code == SI_KERNEL)
            return steps;
        ptrace(PTRACE_GETREGS, child, NULL, &registers);
        steps.places = (steps.places ^ registers.rip) * 1099511628211u;
        steps.count++;
    }
}

static trace trace_of(uint64_t key_number)
{
    int status;
    pid_t child = fork();
    if (!child) {
        ptrace(PTRACE_TRACEME, 0, NULL, NULL);
        _exit(hash(key_number));
    }
    waitpid(child, &status, 0);
    expect(WIFSTOPPED(status), "the child did not reach the hash");
    trace steps = step_through(child);
    ptrace(PTRACE_CONT, child, NULL, NULL);
    waitpid(child, &status, 0);
    expect(WIFEXITED(status) && !WEXITSTATUS(status), "the hash failed");
    return steps;
}

int main(int argc, char **argv)
{
    if (argc < 4 || !(kernels = qkd_kernels_at(atoi(argv[1]))))
        return 2;
    n = strtoull(argv[2], NULL, 10), m = strtoull(argv[3], NULL, 10);
    key = malloc(n / 8), seed = malloc((n + m) / 8), out = malloc(m / 8);
    expect(key && seed && out, "no memory");
    fill(seed, (n + m) / 8, 5);
    if (argc > 4) {
        fill(key, n / 8, strtoull(argv[4], NULL, 10));
        return kernels->toeplitz_hash(key, n, seed, m, out);
    }
    trace first = trace_of(0);
    for (uint64_t number = 1; number < 5; number++) {
        trace next = trace_of(number);
        expect(next.count == first.count && next.places == first.places, "two keys take different paths");
    }
    printf("%" PRIu64 "\n", first.count);
    return 0;
}
