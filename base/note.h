/*
 * base/note.h - what an engine has to say to an operator.  Engines emit notes, only daemon/ writes
 * logs.  The class says whose affair it is, and how the daemon treats it.
 */
#ifndef BASE_NOTE_H
#define BASE_NOTE_H

#include <stdarg.h>

#define NOTE_MAX 240

enum note_class {
	NOTE_BUG,   /* our own fault: always written */
	NOTE_ERROR, /* something that the operator must mend */
	NOTE_WARN,  /* something that the operator should know */
	NOTE_INFO,  /* an event that matters: a peer came, a peer went */
	NOTE_PEER,  /* what any stranger, or a local client, can cause at will: rate-limited */
	NOTE_DEBUG, /* for -v */
	NOTE_CLASS_COUNT
};

struct note {
	enum note_class cls;
	char text[NOTE_MAX]; /* one line, printable ASCII, no newline; never holds a secret */
};

/*
 * Write the formatted text into `note`, cut at NOTE_MAX; bytes that are not printable ASCII become
 * '?', so that no peer writes control characters into a log.
 */
void note_write(struct note *note, enum note_class cls, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
void note_vwrite(struct note *note, enum note_class cls, const char *format, va_list args)
	__attribute__((format(printf, 3, 0)));

#endif
