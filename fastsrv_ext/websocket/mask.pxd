# A client's mask (RFC 6455, 5.3): four bytes, XORed over and over with a payload. Pure; frames.pyx asks.
# The same loop twice, for the compiler to make of it what the machine can do at most, and what every machine can.

from libc.stdint cimport uint32_t

cdef extern from *:
    """
    #include <stdint.h>
    #include <string.h>

    #define FASTSRV_UNMASK(attributes, name) \\
        attributes static void name( \\
            unsigned char* restrict out, const unsigned char* restrict masked, size_t size, uint32_t key \\
        ) { \\
            const uint64_t keys = (uint64_t)key << 32 | key; \\
            uint64_t eight; \\
            size_t i = 0; \\
            for (; i + 8 <= size; i += 8) { \\
                memcpy(&eight, masked + i, 8); \\
                eight ^= keys; \\
                memcpy(out + i, &eight, 8); \\
            } \\
            for (; i < size; i++) \\
                out[i] = masked[i] ^ ((const unsigned char*)&key)[i & 3]; \\
        }

    typedef void (*fastsrv_unmasker)(unsigned char*, const unsigned char*, size_t, uint32_t);

    FASTSRV_UNMASK(, fastsrv_unmask)

    #if defined(__x86_64__) && defined(__GNUC__)
    FASTSRV_UNMASK(__attribute__((target("avx2"))), fastsrv_unmask_avx2)

    static fastsrv_unmasker fastsrv_best_unmasker(void) {
        __builtin_cpu_init();
        return __builtin_cpu_supports("avx2") ? fastsrv_unmask_avx2 : fastsrv_unmask;
    }
    #else
    static fastsrv_unmasker fastsrv_best_unmasker(void) { return fastsrv_unmask; }
    #endif
    """
    ctypedef void (*Unmasker "fastsrv_unmasker")(
        unsigned char* out, const unsigned char* masked, size_t size, uint32_t key) noexcept nogil
    void portable_unmask "fastsrv_unmask"(
        unsigned char* out, const unsigned char* masked, size_t size, uint32_t key) noexcept nogil
    Unmasker best_unmasker "fastsrv_best_unmasker"() noexcept nogil


cdef inline uint32_t turned(uint32_t key, Py_ssize_t size) noexcept:
    """The key for what follows `size` bytes (of a key that was read as it stands in memory, on any machine)."""
    cdef unsigned char* byte = <unsigned char*>&key
    cdef uint32_t result
    cdef unsigned char* to = <unsigned char*>&result
    cdef int i
    for i in range(4):
        to[i] = byte[(i + size) & 3]
    return result
