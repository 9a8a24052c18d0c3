// SPDX-License-Identifier: Apache-2.0
package org.markcast.capture;

/** A capture file that cannot be read, or not to its end. The message is one line that names the file. */
public final class CaptureFileException extends Exception {

    private static final long serialVersionUID = 1L;

    CaptureFileException(String message, Throwable cause) {
        super(message, cause);
    }
}
