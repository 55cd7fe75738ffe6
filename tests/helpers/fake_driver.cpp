// A CUDA driver that has one card, one module and one kernel, which doubles numbers on the processor.
// It keeps to the signatures of cuda.h, and what it was asked for can be read from its variables.
#include <cstdio>
#include <cstring>

using CUresult = int;
using CUdevice = int;
using CUcontext = struct Context*;
using CUmodule = struct Module*;
using CUfunction = struct Function*;
using CUstream = struct Stream*;
using CUfunction_attribute = int;

extern "C" {

int driver_start = 0;            // What cuInit returns.
int driver_allowed = 48 * 1024;  // Dynamic shared memory.
long long driver_launch[10];     // Grid, block, shared memory, stream, and the context.
char driver_image[64];           // That was loaded last.
int driver_retained = 0;
int driver_tells = 1;  // Of the parameters of kernels, as drivers from 12.4 on do.

struct Scaled {
    const float* x;
    float* y;
    int count;
};

static CUcontext current = nullptr;

CUresult cuInit(unsigned flags) { return flags ? 1 : driver_start; }

CUresult cuDriverGetVersion(int* version) {
    *version = 12080;
    return 0;
}

CUresult cuDevicePrimaryCtxRetain(CUcontext* context, CUdevice device) {
    if (device < 0 || device > 1) return 101;
    driver_retained++;
    *context = reinterpret_cast<CUcontext>(0x1000L + device);
    return 0;
}

CUresult cuCtxSetCurrent(CUcontext context) {
    current = context;
    return 0;
}

// "refuse 222" is refused with this number.
CUresult cuModuleLoadData(CUmodule* module, const void* image) {
    int refused = 0;
    if (std::sscanf(static_cast<const char*>(image), "refuse %d", &refused) == 1) return refused;
    std::memcpy(driver_image, image, 8);
    *module = reinterpret_cast<CUmodule>(0x2000L);
    return 0;
}

CUresult cuModuleGetFunction(CUfunction* function, CUmodule module, const char* name) {
    if (module != reinterpret_cast<CUmodule>(0x2000L)) return 400;
    if (std::strcmp(name, "labsight_toy_double_f32")) return 500;
    *function = reinterpret_cast<CUfunction>(0x3000L);
    return 0;
}

CUresult cuFuncSetAttribute(CUfunction, CUfunction_attribute attribute, int value) {
    if (attribute != 8 || value > 227 * 1024) return 1;
    driver_allowed = value;
    return 0;
}

CUresult cuFuncGetParamInfo(CUfunction, size_t index, size_t* offset, size_t* size) {
    if (index || !driver_tells) return 1;
    *offset = 0, *size = sizeof(Scaled);
    return 0;
}

CUresult cuLaunchKernel(
    CUfunction function, unsigned gx, unsigned gy, unsigned gz, unsigned bx, unsigned by,
    unsigned bz, unsigned shared, CUstream stream, void** parameters, void** extra) {
    if (function != reinterpret_cast<CUfunction>(0x3000L) || extra) return 400;
    if (!gx || shared > unsigned(driver_allowed)) return 1;
    const long long told[] = {gx, gy, gz, bx, by, bz, shared, reinterpret_cast<long long>(stream),
                              reinterpret_cast<long long>(current)};
    std::memcpy(driver_launch, told, sizeof told);
    const Scaled a = *static_cast<const Scaled*>(parameters[0]);
    for (int i = 0; i < a.count; i++) a.y[i] = 2 * a.x[i];
    return 0;
}

CUresult cuGetErrorName(CUresult code, const char** name) {
    *name = code == 222 ? "CUDA_ERROR_UNSUPPORTED_PTX_VERSION" : nullptr;
    return *name ? 0 : 1;
}

CUresult cuGetErrorString(CUresult code, const char** text) {
    *text = code == 222 ? "the provided PTX was compiled with an unsupported toolchain." : nullptr;
    return *text ? 0 : 1;
}
}
