/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * _FORTIFY_SOURCE for musl, which has none: calls of the functions below abort when they would
 * write behind an object whose size the compiler knows. deps/musl-cc includes this file in front
 * of every source. It therefore includes no header itself (feature macros are not set yet), and
 * declares the functions with the compiler's names of the types. fortify.c has what they call.
 *
 * None of them is a macro, so that members and variables of these names keep their meaning, and a
 * pointer to one of them is a pointer to libc's function.
 */
#ifndef FORTIFY_H
#define FORTIFY_H

/* No warnings here, where those of the project and of the libraries meet. */
#pragma GCC system_header

#if !defined(__ASSEMBLER__) && !defined(__cplusplus) && defined(__OPTIMIZE__) && !defined(FORTIFY_OFF)

#ifdef __clang__
/*
 * An overload that is preferred to libc's function, and is handed the size of the object with the
 * pointer. clang would take an inline function that calls its own symbol for a recursion.
 */
#define FORTIFY_VARIADIC static __inline __attribute__((overloadable, unused, enable_if(1, "preferred")))
#define FORTIFY FORTIFY_VARIADIC __attribute__((always_inline))
#define FORTIFY_SIZED(d, type) *const d __attribute__((pass_dynamic_object_size(type)))
#else
/* GNU C90's "extern inline": calls are replaced by the body, and there is no other copy of it. */
#define FORTIFY extern __inline __attribute__((gnu_inline, always_inline, artificial))
#define FORTIFY_SIZED(d, type) *d
#endif

/* A parameter "pointer to an object", and the size of that object, or ~0 if it is not known. */
#if __has_builtin(__builtin_dynamic_object_size)
#define FORTIFY_SIZE(d, type) __builtin_dynamic_object_size(d, type)
#else
#define FORTIFY_SIZE(d, type) __builtin_object_size(d, type)
#endif
/* For memory the whole object counts, for strings the member of the structure. */
#define FORTIFY_MEM(d) FORTIFY_SIZED(d, 0)
#define FORTIFY_STR(d) FORTIFY_SIZED(d, 1)
#define FORTIFY_MEMSIZE(d) FORTIFY_SIZE(d, 0)
#define FORTIFY_STRSIZE(d) FORTIFY_SIZE(d, 1)

typedef __SIZE_TYPE__ fortify_size;
typedef __PTRDIFF_TYPE__ fortify_ssize;
typedef __INT64_TYPE__ fortify_off;
struct _IO_FILE; /* musl's FILE */

/* The compiler turns these into the plain function where it can prove that the write fits. */

FORTIFY void *memcpy(void FORTIFY_MEM(d), const void *s, fortify_size n)
{
	return __builtin___memcpy_chk(d, s, n, FORTIFY_MEMSIZE(d));
}

FORTIFY void *mempcpy(void FORTIFY_MEM(d), const void *s, fortify_size n)
{
	return __builtin___mempcpy_chk(d, s, n, FORTIFY_MEMSIZE(d));
}

FORTIFY void *memmove(void FORTIFY_MEM(d), const void *s, fortify_size n)
{
	return __builtin___memmove_chk(d, s, n, FORTIFY_MEMSIZE(d));
}

FORTIFY void *memset(void FORTIFY_MEM(d), int c, fortify_size n)
{
	return __builtin___memset_chk(d, c, n, FORTIFY_MEMSIZE(d));
}

FORTIFY char *strcpy(char FORTIFY_STR(d), const char *s)
{
	return __builtin___strcpy_chk(d, s, FORTIFY_STRSIZE(d));
}

FORTIFY char *stpcpy(char FORTIFY_STR(d), const char *s)
{
	return __builtin___stpcpy_chk(d, s, FORTIFY_STRSIZE(d));
}

FORTIFY char *strcat(char FORTIFY_STR(d), const char *s)
{
	return __builtin___strcat_chk(d, s, FORTIFY_STRSIZE(d));
}

FORTIFY char *strncpy(char FORTIFY_STR(d), const char *s, fortify_size n)
{
	return __builtin___strncpy_chk(d, s, n, FORTIFY_STRSIZE(d));
}

FORTIFY char *stpncpy(char FORTIFY_STR(d), const char *s, fortify_size n)
{
	return __builtin___stpncpy_chk(d, s, n, FORTIFY_STRSIZE(d));
}

FORTIFY char *strncat(char FORTIFY_STR(d), const char *s, fortify_size n)
{
	return __builtin___strncat_chk(d, s, n, FORTIFY_STRSIZE(d));
}

FORTIFY int vsprintf(char FORTIFY_STR(d), const char *format, __builtin_va_list ap)
{
	return __builtin___vsprintf_chk(d, 0, FORTIFY_STRSIZE(d), format, ap);
}

FORTIFY int vsnprintf(char FORTIFY_STR(d), fortify_size n, const char *format, __builtin_va_list ap)
{
	return __builtin___vsnprintf_chk(d, n, 0, FORTIFY_STRSIZE(d), format, ap);
}

#ifndef __clang__
FORTIFY int sprintf(char *d, const char *format, ...)
{
	return __builtin___sprintf_chk(d, 0, FORTIFY_STRSIZE(d), format, __builtin_va_arg_pack());
}

FORTIFY int snprintf(char *d, fortify_size n, const char *format, ...)
{
	return __builtin___snprintf_chk(d, n, 0, FORTIFY_STRSIZE(d), format, __builtin_va_arg_pack());
}
#else
FORTIFY_VARIADIC __attribute__((format(printf, 2, 3))) int sprintf(char FORTIFY_STR(d), const char *format, ...)
{
	__builtin_va_list ap;
	int ret;

	__builtin_va_start(ap, format);
	ret = __builtin___vsprintf_chk(d, 0, FORTIFY_STRSIZE(d), format, ap);
	__builtin_va_end(ap);
	return ret;
}

FORTIFY_VARIADIC __attribute__((format(printf, 3, 4))) int snprintf(char FORTIFY_STR(d), fortify_size n,
								    const char *format, ...)
{
	__builtin_va_list ap;
	int ret;

	__builtin_va_start(ap, format);
	ret = __builtin___vsnprintf_chk(d, n, 0, FORTIFY_STRSIZE(d), format, ap);
	__builtin_va_end(ap);
	return ret;
}
#endif

/* The compiler knows nothing of these: compare here, and call libc's under a second name. */

_Noreturn void fortify_abort(const char *function) __attribute__((cold));

static __inline __attribute__((always_inline)) void fortify_check(const char *function, fortify_size n,
								  fortify_size size)
{
	if (n > size)
		fortify_abort(function);
}

fortify_ssize fortify_read(int, void *, fortify_size) __asm__("read");
FORTIFY fortify_ssize read(int fd, void FORTIFY_MEM(d), fortify_size n)
{
	fortify_check("read", n, FORTIFY_MEMSIZE(d));
	return fortify_read(fd, d, n);
}

fortify_ssize fortify_pread(int, void *, fortify_size, fortify_off) __asm__("pread");
FORTIFY fortify_ssize pread(int fd, void FORTIFY_MEM(d), fortify_size n, fortify_off offset)
{
	fortify_check("pread", n, FORTIFY_MEMSIZE(d));
	return fortify_pread(fd, d, n, offset);
}

fortify_ssize fortify_recv(int, void *, fortify_size, int) __asm__("recv");
FORTIFY fortify_ssize recv(int fd, void FORTIFY_MEM(d), fortify_size n, int flags)
{
	fortify_check("recv", n, FORTIFY_MEMSIZE(d));
	return fortify_recv(fd, d, n, flags);
}

fortify_ssize fortify_readlink(const char *, char *, fortify_size) __asm__("readlink");
FORTIFY fortify_ssize readlink(const char *path, char FORTIFY_MEM(d), fortify_size n)
{
	fortify_check("readlink", n, FORTIFY_MEMSIZE(d));
	return fortify_readlink(path, d, n);
}

fortify_ssize fortify_readlinkat(int, const char *, char *, fortify_size) __asm__("readlinkat");
FORTIFY fortify_ssize readlinkat(int fd, const char *path, char FORTIFY_MEM(d), fortify_size n)
{
	fortify_check("readlinkat", n, FORTIFY_MEMSIZE(d));
	return fortify_readlinkat(fd, path, d, n);
}

char *fortify_getcwd(char *, fortify_size) __asm__("getcwd");
FORTIFY char *getcwd(char FORTIFY_MEM(d), fortify_size n)
{
	if (d)
		fortify_check("getcwd", n, FORTIFY_MEMSIZE(d));
	return fortify_getcwd(d, n);
}

char *fortify_fgets(char *, int, struct _IO_FILE *) __asm__("fgets");
FORTIFY char *fgets(char FORTIFY_MEM(d), int n, struct _IO_FILE *file)
{
	fortify_check("fgets", n < 0 ? 0 : (fortify_size)n, FORTIFY_MEMSIZE(d));
	return fortify_fgets(d, n, file);
}

fortify_size fortify_fread(void *, fortify_size, fortify_size, struct _IO_FILE *) __asm__("fread");
FORTIFY fortify_size fread(void FORTIFY_MEM(d), fortify_size size, fortify_size n, struct _IO_FILE *file)
{
	if (size) /* divided, because the product may overflow */
		fortify_check("fread", n, FORTIFY_MEMSIZE(d) / size);
	return fortify_fread(d, size, n, file);
}

#endif
#endif
