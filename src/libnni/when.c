/* Times for people, without the locale and time zone of the C library. */
#include "when.h"

#include <inttypes.h>

#define DAY_S 86400

/*
 * Days since 1970-01-01 to a date of the Gregorian calendar, counted in eras of
 * 400 years that begin with a March: "chrono-Compatible Low-Level Date
 * Algorithms", H. Hinnant, civil_from_days.
 */
static void
civil(int64_t days, int64_t *year, int *month, int *day)
{
	int64_t z = days + 719468;
	int64_t era = (z >= 0 ? z : z - 146096) / 146097;
	int64_t doe = z - era * 146097;
	int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
	int64_t mp = (5 * doy + 2) / 153;

	*day = (int)(doy - (153 * mp + 2) / 5 + 1);
	*month = (int)(mp < 10 ? mp + 3 : mp - 9);
	*year = yoe + era * 400 + (*month <= 2);
}

void
when_add_utc(struct buf *out, int64_t ms)
{
	int64_t s = ms / 1000 - (ms % 1000 < 0);
	int64_t days = s / DAY_S - (s % DAY_S < 0), year;
	int of_day = (int)(s - days * DAY_S), month, day;

	civil(days, &year, &month, &day);
	buf_addf(out, "%04" PRId64 "-%02d-%02dT%02d:%02d:%02dZ", year, month,
	    day, of_day / 3600, of_day / 60 % 60, of_day % 60);
}

void
when_add_duration(struct buf *out, int64_t ms)
{
	int64_t s = ms / 1000;

	if (s >= DAY_S)
		buf_addf(out, "%" PRId64 "d ", s / DAY_S);
	if (s >= 3600)
		buf_addf(out, "%d:", (int)(s / 3600 % 24));
	buf_addf(out, s >= 3600 ? "%02d:%02d" : "%d:%02d", (int)(s / 60 % 60),
	    (int)(s % 60));
}
