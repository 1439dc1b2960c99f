#ifndef NNI_BANNED_H
#define NNI_BANNED_H

/*
 * Calls that have no safe use here, made compile errors.  The compiler reads
 * this before every source of ours (see Makefile and nmake.mak).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define NNI_BANNED(name) banned_##name##_use_buf_h_or_strto

#undef strcpy
#define strcpy(a, b) NNI_BANNED(strcpy)
#undef strcat
#define strcat(a, b) NNI_BANNED(strcat)
#undef strncpy
#define strncpy(a, b, n) NNI_BANNED(strncpy)
#undef strncat
#define strncat(a, b, n) NNI_BANNED(strncat)
#undef sprintf
#define sprintf(...) NNI_BANNED(sprintf)
#undef vsprintf
#define vsprintf(...) NNI_BANNED(vsprintf)
#undef strtok
#define strtok(a, b) NNI_BANNED(strtok)
#undef atoi
#define atoi(a) NNI_BANNED(atoi)
#undef atol
#define atol(a) NNI_BANNED(atol)
#undef atof
#define atof(a) NNI_BANNED(atof)
#undef gets
#define gets(a) NNI_BANNED(gets)
#undef gmtime
#define gmtime(a) NNI_BANNED(gmtime)
#undef localtime
#define localtime(a) NNI_BANNED(localtime)
#undef tmpnam
#define tmpnam(a) NNI_BANNED(tmpnam)

#endif
