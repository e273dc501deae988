// The pause image (an OCI archive of about 20 KB, made by script/pause), compiled in.
    .section .rodata
    .global slipway_pause_begin
    .global slipway_pause_end
slipway_pause_begin:
    .incbin PAUSE_ARCHIVE
slipway_pause_end:
    .section .note.GNU-stack, "", %progbits
