/* How names are compared; v3.0:nni/experiment/config/utils/internal.py. */
#include "fold.h"

static char
lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

bool
fold_case_equal(const char *a, const char *b)
{
	for (; *a && lower(*a) == lower(*b); a++, b++)
		;
	return !*a && !*b;
}

bool
fold_key_equal(const char *a, const char *b)
{
	for (;;) {
		while (*a == '_')
			a++;
		while (*b == '_')
			b++;
		if (!*a || lower(*a) != lower(*b))
			return *a == *b;
		a++;
		b++;
	}
}
