// SPDX-License-Identifier: Apache-2.0
package org.markcast.bench;

import java.util.function.Supplier;

/** The ways to capture that the kernel offers. */
enum CaptureKind {
    V2_RING("V2 ring", CaptureReader.OfFrames::new),
    V3_RING("V3 ring", CaptureReader.OfBlocks::new),
    RECVMMSG("recvmmsg", CaptureReader.OfMessages::new);

    private final String title;
    private final Supplier<CaptureReader> reader;

    CaptureKind(String title, Supplier<CaptureReader> reader) {
        this.title = title;
        this.reader = reader;
    }

    String title() {
        return title;
    }

    /** Opens a socket in the calling thread's network; it receives nothing yet. */
    CaptureReader reader() {
        return reader.get();
    }
}
