// CUDA's driver for the kernels that are compiled with cuda_cpu.h beside this: what ops/driver.py
// calls, with the driver's own signatures. Streams are ignored, launches are over when they return.
#include "cuda_cpu.h"

namespace {

enum Result { SUCCESS = 0, INVALID_VALUE = 1, NOT_FOUND = 500, LAUNCH_FAILED = 719 };
enum Attribute { MAX_THREADS_PER_BLOCK = 0, MAX_DYNAMIC_SHARED_SIZE_BYTES = 8 };

using shim::Kernel;

const std::map<int, const char*> NAMES = {
    {SUCCESS, "CUDA_SUCCESS"},
    {INVALID_VALUE, "CUDA_ERROR_INVALID_VALUE"},
    {NOT_FOUND, "CUDA_ERROR_NOT_FOUND"},
    {LAUNCH_FAILED, "CUDA_ERROR_LAUNCH_FAILED"},
};

}  // namespace

extern "C" {

// What the order of blocks and threads is drawn from, of all launches from now on.
void labsight_shim_seed(uint64_t seed) { shim::seed = seed; }

int cuInit(unsigned) { return SUCCESS; }

int cuDriverGetVersion(int* version) { return *version = 12080, SUCCESS; }

int cuDeviceGetCount(int* count) { return *count = 1, SUCCESS; }

int cuDevicePrimaryCtxRetain(void** context, int device) {
    return *context = nullptr, device == 0 ? SUCCESS : INVALID_VALUE;
}

int cuCtxSetCurrent(void*) { return SUCCESS; }

int cuModuleLoadData(void** module, const void*) { return *module = &shim::kernels, SUCCESS; }

int cuModuleUnload(void*) { return SUCCESS; }

int cuModuleGetFunction(void** function, void*, const char* name) {
    const auto found = shim::kernels.find(name);
    if (found == shim::kernels.end()) return NOT_FOUND;
    return *function = &found->second, SUCCESS;
}

int cuFuncGetAttribute(int* value, int attribute, const Kernel* kernel) {
    *value = attribute == MAX_THREADS_PER_BLOCK           ? int(kernel->most)
             : attribute == MAX_DYNAMIC_SHARED_SIZE_BYTES ? int(kernel->shared)
                                                          : 0;
    return SUCCESS;
}

int cuFuncSetAttribute(Kernel* kernel, int attribute, int value) {
    if (attribute != MAX_DYNAMIC_SHARED_SIZE_BYTES || value < 0) return INVALID_VALUE;
    return kernel->shared = value, SUCCESS;
}

// Where the only parameter lies and how large it is.
int cuFuncGetParamInfo(const Kernel* kernel, size_t index, size_t* offset, size_t* size) {
    if (index) return INVALID_VALUE;
    return *offset = 0, *size = kernel->size, SUCCESS;
}

int cuLaunchKernel(
    const Kernel* kernel, unsigned gx, unsigned gy, unsigned gz, unsigned bx, unsigned by,
    unsigned bz, unsigned shared, void*, void** parameters, void**) {
    const uint64_t threads = uint64_t(bx) * by * bz;
    const bool fits = threads && threads <= kernel->most && shared <= kernel->shared;
    if (!fits || !gx || !gy || !gz || gx > 0x7fffffff || gy > 0xffff || gz > 0xffff)
        return INVALID_VALUE;
    const bool well = shim::run(*kernel, {gx, gy, gz}, {bx, by, bz}, shared, parameters[0]);
    return well ? SUCCESS : LAUNCH_FAILED;
}

int cuGetErrorName(int error, const char** name) {
    const auto found = NAMES.find(error);
    return *name = found == NAMES.end() ? nullptr : found->second, SUCCESS;
}

int cuGetErrorString(int error, const char** text) {
    return *text = error == LAUNCH_FAILED ? shim::fault.c_str() : "", SUCCESS;
}

}  // extern "C"
