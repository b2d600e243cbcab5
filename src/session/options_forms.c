/* options_forms.c: notify-keyspace-events, client-output-buffer-limit and
 * latency-tracking-info-percentiles, in the forms Redis gives them; levels of consistency. */
#include "base/num.h"
#include "cmd/events.h"
#include "session/options.h"

/* In the order in which they are shown. */
static const struct {
    char letter;
    int64_t class;
} letters[] = {
    { 'g', EVENT_GENERIC },  { '$', EVENT_STRING }, { 'l', EVENT_LIST },    { 's', EVENT_SET },
    { 'h', EVENT_HASH },     { 'z', EVENT_ZSET },   { 'x', EVENT_EXPIRED }, { 'e', EVENT_EVICTED },
    { 't', EVENT_STREAM },   { 'd', EVENT_MODULE }, { 'n', EVENT_NEW },     { 'K', EVENT_KEYSPACE },
    { 'E', EVENT_KEYEVENT }, { 'm', EVENT_MISS },   { 'A', EVENT_ALL },
};

enum { LETTERS = sizeof letters / sizeof *letters };

static const char *const class_names[] = { "normal", "slave", "pubsub" };

bool options_parse_events(struct slice text, int64_t *events, struct buf *why)
{
    int64_t parsed = 0;

    for (size_t i = 0; i < text.len; i++) {
        size_t k = 0;
        while (k < LETTERS && (uint8_t)letters[k].letter != text.data[i])
            k++;
        if (k == LETTERS) {
            buf_printf(why, "Invalid event class character. Use 'Ag$lshzxeKEtmdn'.");
            return false;
        }
        parsed |= letters[k].class;
    }
    *events = parsed;
    return true;
}

/* As Redis shows them: A for all it stands for, and then n is left out, which it does not
 * stand for. */
void options_print_events(int64_t events, struct buf *out)
{
    bool all = (events & EVENT_ALL) == EVENT_ALL;

    if (all)
        buf_append_byte(out, 'A');
    for (size_t i = 0; i < LETTERS - 1; i++) {
        bool covered = all && (letters[i].class & (EVENT_ALL | EVENT_NEW));
        if ((events & letters[i].class) && !covered)
            buf_append_byte(out, (uint8_t)letters[i].letter);
    }
}

bool options_parse_level(struct slice text, int64_t *value, struct buf *why)
{
    struct level level;

    if (!level_parse(text, &level)) {
        buf_printf(why, "argument must be one, quorum, all or a number from 1 to %d",
                   LEVEL_NUMBER_MAX);
        return false;
    }
    *value = level.kind | (int64_t)level.number << 8;
    return true;
}

struct level options_level(int64_t value)
{
    return (struct level){ (uint8_t)value, (uint8_t)(value >> 8) };
}

void options_print_level(int64_t value, struct buf *out)
{
    char text[LEVEL_TEXT];

    buf_append(out, slice_of(text, level_print(options_level(value), text)));
}

/* The next word of `text`, which is taken off it; empty: there is none. */
static struct slice next_word(struct slice *text)
{
    size_t begin = 0, end;

    if (text->len == 0)
        return *text;
    while (begin < text->len && text->data[begin] == ' ')
        begin++;
    end = begin;
    while (end < text->len && text->data[end] != ' ')
        end++;
    struct slice word = slice_of(text->data + begin, end - begin);
    *text = slice_of(text->data + end, text->len - end);
    return word;
}

int options_limit_class(struct slice word)
{
    if (slice_is(word, "replica"))
        return OUTPUT_REPLICA;
    for (int i = 0; i < OUTPUT_CLASSES; i++) {
        if (slice_is(word, class_names[i]))
            return i;
    }
    return -1;
}

static bool parse_numbers(struct slice *text, struct output_limit *limit)
{
    int64_t hard, soft, seconds;

    if (!num_get_size(next_word(text), &hard) || !num_get_size(next_word(text), &soft) ||
        !num_get_i64(next_word(text), &seconds) || hard < 0 || soft < 0 || seconds < 0 ||
        seconds > INT32_MAX)
        return false;
    *limit = (struct output_limit){ (uint64_t)hard, (uint64_t)soft, (uint64_t)seconds };
    return true;
}

static size_t count_words(struct slice text)
{
    size_t n = 0;

    while (next_word(&text).len)
        n++;
    return n;
}

bool options_parse_limits(struct slice text, struct output_limit limits[OUTPUT_CLASSES],
                          struct buf *why)
{
    struct output_limit parsed[OUTPUT_CLASSES];
    size_t words = count_words(text);

    if (words % 4) {
        buf_printf(why, "Wrong number of arguments in buffer limit configuration.");
        return false;
    }
    memcpy(parsed, limits, sizeof parsed);
    for (; words; words -= 4) {
        int class = options_limit_class(next_word(&text));
        if (class < 0) {
            buf_printf(why, "Invalid client class specified in buffer limit configuration.");
            return false;
        }
        if (!parse_numbers(&text, &parsed[class])) {
            buf_printf(
                why, "Error in hard, soft or soft_seconds setting in buffer limit configuration.");
            return false;
        }
    }
    memcpy(limits, parsed, sizeof parsed);
    return true;
}

void options_print_limits(const struct output_limit limits[OUTPUT_CLASSES], struct buf *out)
{
    for (int i = 0; i < OUTPUT_CLASSES; i++)
        buf_printf(out, "%s%s %llu %llu %llu", i ? " " : "", class_names[i],
                   (unsigned long long)limits[i].hard, (unsigned long long)limits[i].soft,
                   (unsigned long long)limits[i].seconds);
}

bool options_parse_percents(struct slice text, struct percents *percents, struct buf *why)
{
    struct percents parsed = { 0 };

    for (struct slice word = next_word(&text); word.len; word = next_word(&text)) {
        double v;

        if (!num_get_double(word, &v)) {
            buf_printf(why, "Invalid latency-tracking-info-percentiles parameters");
            return false;
        }
        if (v < 0 || v > 100) {
            buf_printf(why, "latency-tracking-info-percentiles parameters should sit between "
                            "[0.0,100.0]");
            return false;
        }
        if (parsed.count == PERCENTS_MAX) {
            buf_printf(why, "there are at most %d percentiles", PERCENTS_MAX);
            return false;
        }
        parsed.of[parsed.count++] = v;
    }
    *percents = parsed;
    return true;
}

void options_print_percents(const struct percents *percents, struct buf *out)
{
    for (uint64_t i = 0; i < percents->count; i++) {
        buf_printf(out, "%s%.8g", i ? " " : "", percents->of[i]);
    }
}
