/* replay_main.c: a main() for fuzz targets built without libFuzzer: runs each file it
 * is given, so that gcov can say which lines the committed corpus reaches. */
#include <assert.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        FILE *file = fopen(argv[i], "rb");
        if (!file) {
            perror(argv[i]);
            return 1;
        }
        /* A buffer of exactly the file's size, so that sanitizers see its end. */
        assert(fseek(file, 0, SEEK_END) == 0);
        size_t size = (size_t)ftell(file);
        rewind(file);
        uint8_t *data = malloc(size ? size : 1);
        assert(data && fread(data, 1, size, file) == size);
        fclose(file);
        LLVMFuzzerTestOneInput(data, size);
        free(data);
    }
    printf("%d inputs ran\n", argc - 1);
    return 0;
}
