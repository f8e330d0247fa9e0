/* A stand-in for PicoQuant's MHLib and HHLib: the same functions, one device, clicks of its own or scripted ones.
 *
 * Compile with -DMULTIHARP or -DHYDRAHARP. Four inputs of 200 clicks a second each while a measurement runs, in real
 * time, unless a test has put records into `standin_records`; what a test wants to go wrong stands in `standin_flags`
 * and `standin_fail`. What was set last can be read from `standin_levels`.
 */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#ifdef MULTIHARP
#define NAME(function) MH_##function
#define MODEL "MultiHarp 150 4P"
#define VERSION "4.0"
#define TICK_PS 5.0
#define MOST 1048576
#else
#define NAME(function) HH_##function
#define MODEL "HydraHarp 400"
#define VERSION "3.0"
#define TICK_PS 1.0
#define MOST 131072
#endif
#define INPUTS 4
#define DEVICE 2 /* devices 0 and 1 are not there */
#define WRAP 33554432u
#define RATE_HZ 200.0

char standin_version[16] = VERSION;
char standin_serial[16] = "EMU0042";
int standin_flags = 0;         /* added to what GetFlags says */
int standin_warnings = 0;
int standin_fail = 0;          /* what the next call gives instead */
int standin_scripted = 0;      /* no clicks of its own */
uint32_t standin_records[4096];
int standin_count = 0;
int standin_levels[INPUTS];
int standin_edges[INPUTS];
int standin_open = 0, standin_mode = -1, standin_clock = -1, standin_running = 0;

static double began, shown;
static uint64_t random_state, wraps;

static double now_s(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static double exponential(double mean) {
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return -mean * log(((double)(random_state >> 11) + 0.5) / 9007199254740992.0);
}

static int good(int device) {
    int code = standin_fail;
    standin_fail = 0;
    if (code) return code;
    return device == DEVICE && standin_open ? 0 : -16;
}

int NAME(GetLibraryVersion)(char *vers) { strcpy(vers, standin_version); return 0; }

int NAME(GetErrorString)(char *text, int code) {
    sprintf(text, code == -1 ? "DEVICE_OPEN_FAIL" : code == -16 ? "DEVICE_NOT_OPEN" : "STAND_IN_ERROR");
    return 0;
}

int NAME(OpenDevice)(int device, char *serial) {
    if (device != DEVICE || standin_open) return -1;
    standin_open = 1;
    strcpy(serial, standin_serial);
    return 0;
}

int NAME(CloseDevice)(int device) {
    if (device != DEVICE) return -1;
    standin_open = standin_running = 0;
    return 0;
}

int NAME(Initialize)(int device, int mode, int clock) {
    standin_mode = mode;
    standin_clock = clock;
    standin_running = 0;
    return good(device);
}

int NAME(GetHardwareInfo)(int device, char *model, char *part, char *version) {
    strcpy(model, MODEL);
    strcpy(part, "930000");
    strcpy(version, "1.0");
    return good(device);
}

int NAME(GetSerialNumber)(int device, char *serial) { strcpy(serial, standin_serial); return good(device); }
int NAME(GetFeatures)(int device, int *features) { *features = 0x3f; return good(device); }

int NAME(GetBaseResolution)(int device, double *resolution, int *steps) {
    *resolution = TICK_PS;
    *steps = 24;
    return good(device);
}

int NAME(GetResolution)(int device, double *resolution) { *resolution = TICK_PS; return good(device); }
int NAME(GetNumOfInputChannels)(int device, int *count) { *count = INPUTS; return good(device); }
int NAME(SetSyncDiv)(int device, int div) { return div == 1 ? good(device) : -21; }
int NAME(SetInputChannelOffset)(int device, int channel, int value) { (void)channel; (void)value; return good(device); }
int NAME(SetInputChannelEnable)(int device, int channel, int on) { (void)channel; (void)on; return good(device); }
int NAME(SetSyncChannelOffset)(int device, int value) { (void)value; return good(device); }
int NAME(SetMarkerEdges)(int device, int a, int b, int c, int d) { (void)a; (void)b; (void)c; (void)d; return good(device); }
int NAME(SetMarkerEnable)(int device, int a, int b, int c, int d) { (void)a; (void)b; (void)c; (void)d; return good(device); }
int NAME(GetSyncRate)(int device, int *rate) { *rate = 0; return good(device); }
int NAME(GetElapsedMeasTime)(int device, double *ms) { *ms = 1e3 * (now_s() - began); return good(device); }
int NAME(CTCStatus)(int device, int *status) { *status = !standin_running; return good(device); }

#ifdef MULTIHARP
int MH_SetInputEdgeTrg(int device, int channel, int level, int edge) {
    if (channel < 0 || channel >= INPUTS || level < -1200 || level > 1200) return -22;
    standin_levels[channel] = level;
    standin_edges[channel] = edge;
    return good(device);
}
int MH_SetSyncEdgeTrg(int device, int level, int edge) { (void)level; (void)edge; return good(device); }
int MH_SetInputDeadTime(int device, int channel, int on, int ps) { (void)channel; (void)on; (void)ps; return good(device); }
#else
int HH_SetInputCFD(int device, int channel, int level, int zero) {
    if (channel < 0 || channel >= INPUTS || level < 0 || level > 1000 || zero < 0 || zero > 40) return -22;
    standin_levels[channel] = level;
    return good(device);
}
int HH_SetSyncCFD(int device, int level, int zero) { (void)level; (void)zero; return good(device); }
int HH_Calibrate(int device) { return good(device); }
#endif

int NAME(StartMeas)(int device, int ms) {
    if (ms < 1 || ms > 360000000) return -23;
    if (standin_running) return -17;
    int code = good(device);
    if (code) return code;
    standin_running = 1;
    began = now_s();
    shown = 0;
    wraps = 0;
    random_state = 88172645463325252ull;
    return 0;
}

int NAME(StopMeas)(int device) { standin_running = 0; return good(device); }

int NAME(GetCountRate)(int device, int channel, int *rate) {
    if (channel < 0 || channel >= INPUTS) return -24;
    *rate = standin_levels[channel] ? (int)RATE_HZ : 0;
    return good(device);
}

int NAME(GetFlags)(int device, int *flags) { *flags = standin_flags | (standin_running ? 0x20 : 0); return good(device); }
int NAME(GetWarnings)(int device, int *warnings) { *warnings = standin_warnings | 1; return good(device); }

int NAME(GetWarningsText)(int device, char *text, int warnings) {
    sprintf(text, "WARNING: %04x\nLook at your inputs.\n", warnings);
    return good(device);
}

/* Bring the count of wraps up to a tick, as one record for all of them. */
static int turn(uint32_t *buffer, uint64_t tick) {
    uint64_t more = tick / WRAP - wraps;
    if (!more) return 0;
    wraps += more;
    *buffer = (0x7fu << 25) | (uint32_t)more;
    return 1;
}

static int own_clicks(uint32_t *buffer) {
    double until = now_s() - began;
    int n = 0;
    for (double next; n < MOST - 2; shown = next) {
        next = shown + exponential(1 / (INPUTS * RATE_HZ));
        if (next > until) break;
        uint64_t tick = (uint64_t)(next * 1e12 / TICK_PS);
        n += turn(buffer + n, tick);
        buffer[n++] = (uint32_t)(random_state >> 62) << 25 | (uint32_t)(tick % WRAP);
    }
    shown = until;
    return n + turn(buffer + n, (uint64_t)(until * 1e12 / TICK_PS));
}

static int read_records(int device, uint32_t *buffer, int *actual) {
    *actual = 0;
    if (standin_scripted) {
        memcpy(buffer, standin_records, 4 * (size_t)standin_count);
        *actual = standin_count;
        standin_count = 0;
    } else if (standin_running) {
        *actual = own_clicks(buffer);
    }
    return good(device);
}

#ifdef MULTIHARP
int MH_ReadFiFo(int device, unsigned int *buffer, int *actual) { return read_records(device, buffer, actual); }
#else
int HH_ReadFiFo(int device, unsigned int *buffer, int count, int *actual) {
    return count < 1 || count > MOST ? -25 : read_records(device, buffer, actual);
}
#endif
