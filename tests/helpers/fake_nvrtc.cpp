// An NVRTC whose images say what they were compiled from. Like the real one it asks for its second
// library by name, refuses options and architectures that it does not know, and what is no C++.
#include <dlfcn.h>

#include <cstring>
#include <string>

namespace {

struct Program {
    std::string source, headers, image, log;
};

int give(const std::string& text, char* to) {
    std::memcpy(to, text.c_str(), text.size() + 1);
    return 0;
}

}  // namespace

extern "C" {

int nvrtcVersion(int* major, int* minor) {
    *major = 12, *minor = MINOR;
    return 0;
}

const char* nvrtcGetErrorString(int code) { return code == 6 ? "NVRTC_ERROR_COMPILATION" : "ERROR"; }

int nvrtcGetNumSupportedArchs(int* count) {
    *count = 2;
    return 0;
}

int nvrtcGetSupportedArchs(int* found) {
    found[0] = 75, found[1] = 90;
    return 0;
}

int nvrtcCreateProgram(
    Program** program, const char* source, const char* name, int count, const char* const* headers,
    const char* const* names) {
    *program = new Program{source, name, "", ""};
    for (int i = 0; i < count; i++)
        (*program)->headers += std::string(" ") + names[i] + (*headers[i] ? "" : "?");
    return 0;
}

int nvrtcDestroyProgram(Program** program) {
    delete *program;
    *program = nullptr;
    return 0;
}

int nvrtcCompileProgram(Program* program, int count, const char* const* options) {
    if (!dlopen("libnvrtc-builtins.so.12.0", RTLD_NOW | RTLD_NOLOAD)) return 7;
    std::string target;
    for (int i = 0; i < count; i++)
        if (!std::strncmp(options[i], "--gpu-architecture=", 19)) target = options[i] + 19;
    if (program->source.find("#error") != std::string::npos) {
        program->log = "kernel.cu(1): error: #error directive";
        return 6;
    }
    program->image = target + " of " + program->headers;
    program->log =
        "ptxas info    : Compiling entry function 'labsight_toy' for '" + target + "'\n"
        "ptxas info    : Function properties for labsight_toy\n"
        "    16 bytes stack frame, 8 bytes spill stores, 8 bytes spill loads\n"
        "ptxas info    : Used 40 registers, used 1 barriers, 32 bytes smem\n";
    return 0;
}

int nvrtcGetProgramLogSize(Program* program, size_t* size) {
    *size = program->log.size() + 1;
    return 0;
}
int nvrtcGetProgramLog(Program* program, char* log) { return give(program->log, log); }

int nvrtcGetCUBINSize(Program* program, size_t* size) {
    *size = program->image.size();
    return 0;
}
int nvrtcGetCUBIN(Program* program, char* image) {
    std::memcpy(image, program->image.data(), program->image.size());
    return 0;
}

int nvrtcGetPTXSize(Program* program, size_t* size) {
    *size = program->image.size() + 1;
    return 0;
}
int nvrtcGetPTX(Program* program, char* image) { return give(program->image, image); }
}
