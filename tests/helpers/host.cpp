// Has a library of operators in a process of its own: `host LIBRARY`, see host.py. Each request on
// the standard input names a function and brings its arguments with all that they point to; the
// answer on the standard output is what the function returned and what is there afterwards. Every
// tensor is in a piece of memory of its own, so that a sanitizer sees each step beside one.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#ifdef _WIN32
#include <fcntl.h>
#include <io.h>
#include <windows.h>
#else
#include <dlfcn.h>
#endif

namespace {

enum Way : int64_t { PLAIN, COUNT, RANGE };

struct Request {
    int64_t name, arguments;  // Bytes.
    int64_t pieces, pointers;
    int64_t way, first, last;
};

struct Piece {
    int64_t bytes;
    char* memory;
};

// Where it is in the arguments, and to what in which piece.
struct Pointer {
    int64_t field, piece, offset;
};

[[noreturn]] void fail(const char* why) {
    std::fprintf(stderr, "host: %s\n", why);
    std::exit(1);
}

void* open_library(const char* file) {
#ifdef _WIN32
    return reinterpret_cast<void*>(LoadLibraryA(file));
#else
    return dlopen(file, RTLD_NOW);
#endif
}

template <class Function>
Function found(void* library, const std::string& name) {
#ifdef _WIN32
    const auto address = GetProcAddress(reinterpret_cast<HMODULE>(library), name.c_str());
#else
    const auto address = dlsym(library, name.c_str());
#endif
    if (!address) fail(("no function " + name).c_str());
    return reinterpret_cast<Function>(address);
}

void read(void* to, int64_t bytes) {
    if (bytes && std::fread(to, bytes, 1, stdin) != 1) fail("a request ends early");
}

void write(const void* from, int64_t bytes) {
    if (bytes && std::fwrite(from, bytes, 1, stdout) != 1) fail("nobody listens");
}

int64_t call(void* library, const std::string& name, const Request& request, const void* arguments) {
    if (request.way == PLAIN) return found<int64_t (*)()>(library, name)();
    if (request.way == COUNT) return found<int64_t (*)(const void*)>(library, name)(arguments);
    found<void (*)(const void*, int64_t, int64_t)>(library, name)(
        arguments, request.first, request.last);
    return 0;
}

void answer(void* library, const Request& request) {
    std::string name(request.name, ' ');
    read(name.data(), request.name);
    void* arguments = std::malloc(request.arguments);
    read(arguments, request.arguments);
    std::vector<Piece> pieces(request.pieces);
    for (Piece& each : pieces) {
        read(&each.bytes, sizeof each.bytes);
        each.memory = static_cast<char*>(std::malloc(each.bytes));
        read(each.memory, each.bytes);
    }
    for (int64_t i = 0; i < request.pointers; i++) {
        Pointer pointer;
        read(&pointer, sizeof pointer);
        const char* to = pieces[pointer.piece].memory + pointer.offset;
        std::memcpy(static_cast<char*>(arguments) + pointer.field, &to, sizeof to);
    }
    const int64_t result = call(library, name, request, arguments);
    write(&result, sizeof result);
    for (const Piece& each : pieces) {
        write(each.memory, each.bytes);
        std::free(each.memory);
    }
    std::free(arguments);
    std::fflush(stdout);
}

}  // namespace

int main(int count, char** values) {
#ifdef _WIN32
    _setmode(_fileno(stdin), _O_BINARY);
    _setmode(_fileno(stdout), _O_BINARY);
#endif
    void* library = count == 2 ? open_library(values[1]) : nullptr;
    if (!library) fail("the library was not loaded");
    Request request;
    while (std::fread(&request, sizeof request, 1, stdin) == 1) answer(library, request);
}
