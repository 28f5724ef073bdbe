/*
 * base/note.c - notes are made safe to print where they are made: see note.h.
 */
#include "base/note.h"

#include <stdio.h>

void note_vwrite(struct note *note, enum note_class cls, const char *format, va_list args)
{
	note->cls = cls;
	note->text[0] = 0;
	(void)vsnprintf(note->text, sizeof(note->text), format, args);
	for (char *c = note->text; *c; c++) {
		if (*c < 0x20 || *c > 0x7e)
			*c = '?';
	}
}

void note_write(struct note *note, enum note_class cls, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	note_vwrite(note, cls, format, args);
	va_end(args);
}
