#ifndef NNI_CONFIG_SCHEMA_H
#define NNI_CONFIG_SCHEMA_H

#include <stdbool.h>
#include <stdint.h>

/*
 * What a configuration may say, as data: one row a key.  The rows are NNI's
 * (V1: v2.10:nni/tools/nnictl/config_schema.py; V2:
 * v3.0:nni/experiment/config/) and, marked so, our own.  schema.c reads a file
 * by them, --keys prints them.
 */
enum kind {
	STRING,
	BOOL,
	INT,	       /* min..max; max 0: no upper bound */
	NUMBER,	       /* above 0 */
	ENUM,	       /* one of `words` */
	DURATION,      /* whole seconds: 10h, 1.5h, 90; above 0 */
	FINE_DURATION, /* ours: 0.5s; 0 is one too */
	TIME_LIMIT, /* DURATION, or Slurm's: 30:00, 12:00:00, 1-12, 1-12:00 */
	SIZE,	    /* 8GB; a bare number is MB; canonical: MB */
	HOST,	    /* a URL; `words` is the scheme put before a bare host */
	FILE_IN,   /* paths, relative to the configuration's folder: a file, ...
		    */
	DIR_IN,	   /* ... a directory, ... */
	DIR_OUT,   /* ... a directory that may be made, ... */
	FILE_TEXT, /* ... a file; canonical: the text in it */
	FILE_MAP,  /* ... a file of YAML or JSON; canonical: the object in it,
		      which may stand in its place */
	GPUS,	   /* 0 or "0,2" or [0, 2]; canonical: a list */
	OBJECT,	   /* keys of `sub` */
	OBJECTS,   /* a list of those */
	STRINGS,   /* a list of texts */
	MAP,	   /* any object, kept as it is */
	LIST,	   /* any list, kept as it is */
	SERVICE	   /* trainingService: read by service.c */
};

enum {
	NEEDED = 1, /* missing is an error */
	SECRET = 2,
	OURS = 4,      /* NNI does not have it */
	NO_EFFECT = 8, /* checked, then left out with the note `why` */
	REFUSED = 16,  /* an error with `why`; a BOOL only if true */
	NOT_YET = 32,  /* as REFUSED, but only where it shall run */
	FALLBACK = 64, /* counts only if nothing else sets the same */
	MERGE = 128,   /* an OBJECT whose keys go beside it, not below it */
	ANY_CASE = 256 /* an ENUM in any letter case */
};

struct key {
	const char *name; /* NULL ends a table */
	enum kind kind;
	unsigned flags;
	/*
	 * Its place in the canonical form where that is not its name; dots
	 * lead into objects: "storage.server".  From the object that the table
	 * is read into.
	 */
	const char *to;
	const char
	    *words; /* ENUM: allowed, with blanks between; HOST: scheme */
	const struct key *sub;
	int64_t min, max;
	const char *def; /* put in if it is missing; JSON */
	const char *why;
	const char *missing; /* what is said behind "is missing" */
	const char *example; /* lines to add then */
};

/* KEY("port", INT, .min = 1, .max = 65535) */
#define KEY(name_, ...)                                                        \
	{                                                                      \
		.name = (name_), .kind = __VA_ARGS__                           \
	}
#define END_OF_KEYS                                                            \
	{                                                                      \
		.name = NULL                                                   \
	}

struct node;
struct reading;

struct platform {
	const char *name; /* canonical */
	const char *v1;	  /* its name in V1; NULL: V1 has none */
	bool v2; /* NNI's V2 or V3 has it (else it is our spelling of V1's) */
	const struct key *keys;	   /* of a trainingService object */
	const struct key *v1_keys; /* of the top level in V1, trial included */
	bool in_hybrid;		   /* V1's hybridConfig may name it */
	bool own_command;   /* commands are in its roles, not in trialCommand */
	bool code_in_image; /* trialCodeDirectory is a path of the image */
	/* Rules over several keys; `m` is canonical. */
	void (*rules)(struct reading *r, struct node *m);
};

extern const struct platform platforms[]; /* name NULL ends */
/* V1's pai before NNI 1.3, which is paiYarn now. */
extern const struct platform platform_old_pai;
const struct platform *platform_named(const char *name);
const struct platform *platform_named_v1(const char *name);

extern const struct key top_keys[];	       /* V2 */
extern const struct key service_keys[];	       /* V2: every trainingService */
extern const struct key v1_keys[];	       /* V1: every platform */
extern const struct key shared_storage_keys[]; /* both */

/* Tuners and assessors. */
struct algorithm {
	const char *name;
	const char *alias; /* may be NULL */
	bool assessor;
	bool available;		/* in this version */
	const struct key *args; /* of classArgs; NULL: not checked */
	bool no_space;		/* needs no search space */
	bool own_space;		/* has types of its own in it */
};
extern const struct algorithm algorithms[]; /* name NULL ends */
/* By name or alias, in any letter case. */
const struct algorithm *algorithm_named(const char *name, bool assessor);

/* True for a canonical key whose value must not be shown. */
bool key_is_secret(const char *name);

#endif
