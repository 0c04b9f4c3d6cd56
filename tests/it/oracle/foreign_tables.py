"""Writes data with rdata, scipy and, where it is installed, R itself into the folder that is named. Prints for each file whether it is data alone,
as its library says: R tells what in an object is language, a function or an environment of a package.
"""

import json
import os
import shutil
import subprocess
import sys

import numpy as np
import pandas
import rdata
import scipy.io
import scipy.sparse

FOLDER = sys.argv[1]


def tell(name, data):
    print(json.dumps({"file": name, "data": data}))


FRAME = pandas.DataFrame({"a": [1, 2, 3], "b": [0.5, 1.5, np.nan], "c": pandas.Series(["x", "y\n", "\u00e4"], dtype=object)})
OBJECTS = {
    "list": ["a", 1, 2.5, True, None],
    "dict": {"a": np.arange(5), "b": np.eye(2), "c": np.array([1j])},
    "frame": FRAME,
    "bytes": b"\0\1\2",
}
for name, value in OBJECTS.items():
    for form in ("xdr", "ascii"):
        for compression in (None, "gzip", "bzip2", "xz"):
            file = f"{name}-{form}-{compression}.rds"
            rdata.write_rds(f"{FOLDER}/{file}", value, file_format=form, compression=compression)
            tell(file, True)
    rdata.write_rda(f"{FOLDER}/{name}.rda", {"x": value, "y": 1})
    tell(f"{name}.rda", True)

MATRICES = {
    "x": np.eye(3),
    "sparse": scipy.sparse.csc_matrix(np.eye(3)),
    "cell": np.array([np.arange(2), "text", np.eye(2)], dtype=object),
    "structure": {"a": 1, "b": {"c": "text \u00e4", "d": np.array([1 + 2j])}},
    "bools": np.array([True, False]),
    "empty": np.zeros((0, 3)),
}
for packed in (False, True):
    scipy.io.savemat(f"{FOLDER}/packed-{packed}.mat", MATRICES, do_compression=packed)
    tell(f"packed-{packed}.mat", True)
# Files of MATLAB that scipy has for its own tests.
TESTS = os.path.join(os.path.dirname(scipy.io.__file__), "matlab", "tests", "data")
CODE = ("func", "object", "miuint32_for_miint32", "sqr.mat", "parabola", "workspace")
for file in sorted(os.listdir(TESTS)) if os.path.isdir(TESTS) else ():
    with open(f"{TESTS}/{file}", "rb") as opened:
        content = opened.read()
    if file.endswith(".mat") and content.startswith(b"MATLAB 5.0") and not file.startswith(("bad", "broken", "corrupted", "mi", "debigged", "malformed", "logical_sparse", "nasty", "one_by", "some", "little", "big", "single", "japanese")):
        shutil.copy(f"{TESTS}/{file}", f"{FOLDER}/{file}")
        tell(file, not any(word in file for word in CODE))

R = r"""
setwd(commandArgs(TRUE)[1])
is_data <- function(x, seen = 0) {
  if (seen > 50) return(TRUE)
  if (is.function(x) || (is.language(x) && !is.symbol(x) && !is.expression(x))) return(FALSE)
  if (is.environment(x)) {
    if (isNamespace(x) || !is.null(attr(x, "path"))) return(FALSE)
    if (identical(x, globalenv()) || identical(x, emptyenv()) || identical(x, baseenv())) return(TRUE)
    return(all(vapply(ls(x, all.names = TRUE), function(n) is_data(get(n, x), seen + 1), NA)) && is_data(parent.env(x), seen + 1))
  }
  a <- attributes(x)
  if (!is.null(a) && !all(vapply(a, is_data, NA, seen = seen + 1))) return(FALSE)
  if (is.list(x) || is.expression(x)) return(all(vapply(unclass(x), is_data, NA, seen = seen + 1)))
  TRUE
}
set.seed(1)
env <- new.env(parent = emptyenv()); assign("x", 1:3, env)
setClass("P", representation(name = "character"))
objects <- list(
  frame = data.frame(a = 1:3, b = c("x", "y", NA), f = factor(c("u", "v", "u")), d = as.Date("2024-01-01") + 0:2),
  series = list(a = 1:1000000, b = seq(1, 10), t = as.character(1:10), r = as.raw(1:3), z = 1+2i, l = list(TRUE, NA)),
  matrix = matrix(rnorm(6), 2), array = array(1:8, c(2, 2, 2)), table = table(c(1, 2, 2)), time = as.POSIXct("2024-01-01"),
  nothing = NULL, texts = c("a\n\"b\\", "\u00e4", NA), pairs = pairlist(a = 1, b = 2), symbol = as.name("a"),
  environment = env, s4 = new("P", name = "x"), kmeans = kmeans(mtcars, 2), components = prcomp(mtcars),
  expression = expression(1 + 2), linear = lm(mpg ~ wt, mtcars), generalised = glm(am ~ wt, binomial, mtcars),
  "function" = function(x) x + 1, compiled = compiler::cmpfun(function(x) { for (i in 1:3) x <- x + sum(x, i); switch(x, a = 1, 2) }),
  call = quote(system("true")), formula = y ~ x, namespace = asNamespace("stats"), builtin = sum, loess = loess(mpg ~ wt, mtcars),
  splines = smooth.spline(mtcars$wt, mtcars$mpg), tree = as.dendrogram(hclust(dist(mtcars[1:5, ]))), ecdf = ecdf(1:5)
)
for (name in names(objects)) {
  x <- objects[[name]]; data <- is_data(x)
  for (version in 2:3) for (form in list("gzip", "bzip2", "xz", FALSE, "ascii")) {
    file <- paste0("r-", name, "-", version, "-", form, ".rds")
    if (identical(form, "ascii")) saveRDS(x, file, ascii = TRUE, version = version) else saveRDS(x, file, compress = form, version = version)
    cat(file, data, "\n")
  }
  file <- paste0("r-", name, "-native.rds"); con <- file(file, "wb"); serialize(x, con, xdr = FALSE); close(con); cat(file, data, "\n")
  for (ascii in c(TRUE, FALSE)) { file <- paste0("r-", name, "-", ascii, ".RData"); save(x, name, file = file, ascii = ascii); cat(file, data, "\n") }
}
lazy <- new.env(); delayedAssign("p", cat("hi"), assign.env = lazy)
save("p", envir = lazy, file = "r-promise.rda", eval.promises = FALSE); cat("r-promise.rda", FALSE, "\n")
"""
if shutil.which("Rscript"):
    told = subprocess.run(["Rscript", "--vanilla", "-e", R, FOLDER], check=True, capture_output=True, text=True).stdout
    for line in told.splitlines():
        file, _, data = line.strip().partition(" ")
        if data in ("TRUE", "FALSE"):
            tell(file, data == "TRUE")
