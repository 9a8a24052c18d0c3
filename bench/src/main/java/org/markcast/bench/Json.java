// SPDX-License-Identifier: Apache-2.0
package org.markcast.bench;

import com.google.gson.FieldNamingPolicy;
import com.google.gson.Gson;
import com.google.gson.GsonBuilder;

/** Records as JSON: names with underscores, what was not measured as null, in one line. */
final class Json {

    private static final Gson GSON = new GsonBuilder()
            .setFieldNamingPolicy(FieldNamingPolicy.LOWER_CASE_WITH_UNDERSCORES)
            .serializeNulls()
            .create();

    private Json() {}

    static String line(Object object) {
        return GSON.toJson(object);
    }

    /** To this many digits behind the point. */
    static double rounded(double value, int digits) {
        final double factor = Math.pow(10, digits);
        return Math.round(value * factor) / factor;
    }
}
