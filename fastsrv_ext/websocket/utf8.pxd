# Is it UTF-8 so far (RFC 3629)? Of a text that comes in pieces, which may end in the middle of a character.
# Pure; frames.pyx asks, so that a text message that is none fails as soon as that can be told (RFC 6455, 8.1).

from libc.stdint cimport uint64_t
from libc.string cimport memcpy


cdef struct Utf8:
    # Where it stands: in the middle of a character, if `left` is not 0.
    int left                     # bytes of the character that have to come
    unsigned char lowest         # what the next of them may be
    unsigned char highest


cdef inline bint goes_on(Utf8* state, const unsigned char* text, Py_ssize_t size) noexcept:
    """Do these bytes go on as UTF-8?"""
    cdef Py_ssize_t i = 0
    cdef uint64_t eight
    cdef unsigned char byte
    while i < size:
        byte = text[i]
        if state.left > 0:
            if not state.lowest <= byte <= state.highest:
                return False
            state.left -= 1
            state.lowest, state.highest = 0x80, 0xBF
            i += 1
        elif byte < 0x80:
            i += 1
            while size - i >= 8:
                memcpy(&eight, text + i, 8)
                if eight & <uint64_t>0x8080808080808080:
                    break
                i += 8
        else:
            # Neither overlong forms, nor surrogates, nor what is beyond U+10FFFF.
            state.lowest, state.highest = 0x80, 0xBF
            if 0xC2 <= byte <= 0xDF:
                state.left = 1
            elif 0xE0 <= byte <= 0xEF:
                state.left = 2
                if byte == 0xE0:
                    state.lowest = 0xA0
                elif byte == 0xED:
                    state.highest = 0x9F
            elif 0xF0 <= byte <= 0xF4:
                state.left = 3
                if byte == 0xF0:
                    state.lowest = 0x90
                elif byte == 0xF4:
                    state.highest = 0x8F
            else:
                return False
            i += 1
    return True
