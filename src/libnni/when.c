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

/* The other way: days_from_civil. */
static int64_t
days_of(int64_t year, int month, int day)
{
	int64_t y = year - (month <= 2);
	int64_t era = (y >= 0 ? y : y - 399) / 400;
	int64_t yoe = y - era * 400;
	int64_t doy = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;

	return era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468;
}

/* `count` digits and, unless that is 0, the byte behind them; -1 if not. */
static int
take_digits(const char **at, int count, char behind)
{
	int n = 0;

	for (; count > 0; count--, (*at)++) {
		if (**at < '0' || **at > '9')
			return -1;
		n = n * 10 + (**at - '0');
	}
	if (behind && *(*at)++ != behind)
		return -1;
	return n;
}

/* "Z", "+05:30"; in minutes.  0 or -1. */
static int
take_zone(const char **at, int *minutes)
{
	int sign = **at == '-' ? -1 : 1, h, m;

	*minutes = 0;
	if (**at == 'Z' || **at == 'z') {
		(*at)++;
		return 0;
	}
	if (**at != '+' && **at != '-')
		return -1;
	(*at)++;
	if ((h = take_digits(at, 2, ':')) < 0 || h > 23 ||
	    (m = take_digits(at, 2, '\0')) < 0 || m > 59)
		return -1;
	*minutes = sign * (h * 60 + m);
	return 0;
}

int
when_parse(const char *text, int64_t *ms)
{
	int part[6], i, zone, scale = 100, fraction = 0;
	static const char behind[] = {'-', '-', 'T', ':', ':', '\0'};
	const char *at = text;

	for (i = 0; i < 6; i++) {
		part[i] = take_digits(&at, i ? 2 : 4, behind[i]);
		if (part[i] < 0)
			return -1;
	}
	if (*at == '.') {
		if (*++at < '0' || *at > '9')
			return -1;
		for (; *at >= '0' && *at <= '9'; at++, scale /= 10)
			fraction += (*at - '0') * scale;
	}
	if (take_zone(&at, &zone) == -1 || *at || part[1] < 1 || part[1] > 12 ||
	    part[2] < 1 || part[2] > 31 || part[3] > 23 || part[4] > 59 ||
	    part[5] > 60)
		return -1;
	*ms = (days_of(part[0], part[1], part[2]) * DAY_S + part[3] * 3600 +
		  part[4] * 60 + part[5] - zone * 60) *
		  1000 +
	      fraction;
	return 0;
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
