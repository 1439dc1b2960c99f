/*
 * Signs of life of who watches.
 */
#include "contact.h"
#include "config.h"
#include "expdir.h"
#include "os/file.h"

void
contact_begin(struct contact *c, struct loop *loop, const char *dir)
{
	struct buf path = BUF_INIT;
	struct config config;

	*c = (struct contact){loop, dir, 0, TIMER_INIT};
	expdir_path(&path, dir, "config.json");
	if (config_load(&config, path.data, NULL) == 0) {
		c->lease_ms = config.lease_ms;
		config_release(&config);
	}
	contact_make(c);
	buf_release(&path);
}

void
contact_make(void *contact)
{
	struct contact *c = contact;
	struct buf path = BUF_INIT;

	if (c->lease_ms == 0)
		return;
	expdir_path(&path, c->dir, "trials/contact");
	/* A new file each time: its time may be coarse, its number is not. */
	file_replace(path.data, "", 0, 0600, false, NULL);
	buf_release(&path);
}

void
contact_keep(void *contact)
{
	struct contact *c = contact;

	contact_make(c);
	if (c->lease_ms > 0)
		timer_set(c->loop, &c->timer, contact_period_ms(c->lease_ms),
		    contact_keep, c);
}

void
contact_end(struct contact *c)
{
	timer_stop(&c->timer);
}

int64_t
contact_mark(const char *dir)
{
	struct buf path = BUF_INIT;
	struct file_info info;
	int64_t mark = 0;

	expdir_path(&path, dir, "trials/contact");
	if (file_info(path.data, false, &info) == 0 &&
	    info.type == FILE_REGULAR)
		mark = info.mtime_ms ^ (int64_t)(info.inode << 20);
	buf_release(&path);
	return mark;
}

int64_t
contact_period_ms(int64_t lease_ms)
{
	return lease_ms / 4 > 10 ? lease_ms / 4 : 10;
}
