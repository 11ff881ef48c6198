# Rscript roc.R <inputs> <outputs>: reference values of pROC's roc, ci.auc and coords.
suppressPackageStartupMessages(library(pROC))
folders <- commandArgs(trailingOnly = TRUE)
read <- function(name) read.csv(file.path(folders[1], paste0(name, ".csv")), stringsAsFactors = FALSE)
found <- list()
note <- function(analysis, quantity, value) {
  found[[length(found) + 1]] <<- data.frame(analysis = analysis, quantity = quantity, value = sprintf("%.17g", value))
}

curve <- function(name, outcome, score, direction) {
  fit <- roc(outcome, score, levels = c(0, 1), direction = direction, quiet = TRUE)
  note(name, "auc", as.numeric(auc(fit)))
  note(name, "std_error", sqrt(var(fit, method = "delong")))
  limits <- as.numeric(ci.auc(fit, method = "delong"))
  note(name, "conf_low", limits[1])
  note(name, "conf_high", limits[3])
  best <- coords(fit, "best", best.method = "youden",
                 ret = c("threshold", "sensitivity", "specificity", "ppv", "npv"), transpose = FALSE)
  note(name, "n_best", nrow(best))
  for (quantity in names(best)) note(name, quantity, best[1, quantity])
}
gbsg2 <- read("gbsg2")
rossi <- read("rossi")
lung <- read("lung")
curve("gbsg2_pnodes", gbsg2$cens, gbsg2$pnodes, "<")
curve("gbsg2_progrec", gbsg2$cens, gbsg2$progrec, ">")
curve("gbsg2_time", gbsg2$cens, gbsg2$time, ">")
curve("rossi_age", rossi$arrest, rossi$age, ">")
curve("lung_age", lung$status, lung$age, "<")
write.csv(do.call(rbind, found), file.path(folders[2], "roc.csv"), row.names = FALSE, quote = FALSE)
