// SPDX-License-Identifier: Apache-2.0
package org.markcast.linux;

/** A packet socket that sends IP packets as frames; the kernel writes the link header with the interface's own address. */
public final class FrameSocket implements MessageSocket {

    private static final int SO_SNDBUF = 7;
    private static final int SO_SNDBUFFORCE = 32;
    private static final int SEND_BUFFER_BYTES = 4 << 20;

    private final int fd;

    public FrameSocket() {
        fd = Libc.check(
                "socket(AF_PACKET)", Libc.calls().socket(Libc.AF_PACKET, Libc.SOCK_DGRAM | Libc.SOCK_CLOEXEC, 0));
        try {
            Libc.setBufferSize(fd, SO_SNDBUFFORCE, SO_SNDBUF, SEND_BUFFER_BYTES);
        } catch (RuntimeException e) {
            close();
            throw e;
        }
    }

    @Override
    public int send(MessageBatch batch, int first, int count) {
        return batch.send(fd, first, count);
    }

    @Override
    public void close() {
        Libc.calls().close(fd);
    }
}
