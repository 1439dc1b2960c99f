/* The one number in a metric. */
#include "metric.h"

int
metric_scalar(struct json value, double *to)
{
	enum json_type type = json_type(value);

	if (type == JSON_OBJECT) {
		value = json_get(value, "default");
		type = json_type(value);
		if (type == JSON_OBJECT)
			return -1;
	}
	if (type == JSON_TRUE || type == JSON_FALSE) {
		*to = type == JSON_TRUE;
		return 0;
	}
	return json_double(value, to);
}
