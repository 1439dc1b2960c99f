#ifndef NNI_PACK_NAMES_H
#define NNI_PACK_NAMES_H

#include <stdbool.h>
#include <stddef.h>

/* Names of files as other systems see them: nothing here asks this system. */

/* Is it UTF-8 throughout (RFC 3629)? */
bool name_is_utf8(const char *name);

/*
 * Why Windows cannot hold a file of this name (one component), as the end of a
 * sentence: "has a '?'"; NULL if it can.  Rules: Microsoft's "Naming Files,
 * Paths, and Namespaces".
 */
const char *name_windows_fault(const char *name);

/*
 * Why a file of this path, which somebody sent, may not be made in a directory
 * of ours, as the end of a sentence ("leaves its directory"); NULL if it may.
 * It is relative, its parts are joined by '/', none is empty, "." or "..";
 * `windows`: a system that takes \ for / and has devices in every directory.
 */
const char *name_path_fault(const char *path, bool windows);

/*
 * Compares two names as a file system does that does not tell the case of the
 * letters A to Z apart: 0 if they are one name there.
 */
int name_compare_folded(const char *a, const char *b);

/*
 * Is it a word that every system takes for a file's name, and people for that
 * of a thing: up to 64 of A-Z a-z 0-9 . _ -, not beginning with . or -?
 */
bool name_is_plain(const char *name);

/* Is it the folder of a version control system (.git, also as a file)? */
bool name_is_vcs(const char *name);

/* Does the end of the name say that it is a script: .sh .py .pl? */
bool name_is_script(const char *name);

#endif
