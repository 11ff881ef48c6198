# Rscript roc_more.R <inputs> <outputs>: pROC's partial areas, sensitivity at a specificity, DeLong's tests of areas.
library(pROC)
folders <- commandArgs(trailingOnly = TRUE)
read <- function(name) read.csv(file.path(folders[1], paste0(name, ".csv")), stringsAsFactors = FALSE)
found <- list()
note <- function(analysis, term, quantity, value) {
  found[[length(found) + 1]] <<- data.frame(analysis = analysis, term = term, quantity = quantity,
                                            value = sprintf("%.17g", as.numeric(value)))
}
gbsg2 <- read("gbsg2")
rossi <- read("rossi")
make <- function(outcome, score, direction) roc(outcome, score, levels = c(0, 1), direction = direction, quiet = TRUE)

# Partial areas, plain and standardised.
part <- function(analysis, curve) {
  for (focus in c("specificity", "sensitivity")) for (range in list(c(0.8, 1), c(0.55, 0.93), c(0.1, 0.35))) {
    term <- sprintf("%s %g to %g", focus, range[1], range[2])
    for (corrected in c(FALSE, TRUE)) {
      value <- suppressWarnings(auc(curve, partial.auc = range, partial.auc.focus = focus, partial.auc.correct = corrected))
      note(analysis, term, if (corrected) "partial_auc_corrected" else "partial_auc", value)
    }
  }
}
pnodes <- make(gbsg2$cens, gbsg2$pnodes, "<")
progrec <- make(gbsg2$cens, gbsg2$progrec, ">")
part("partial_pnodes", pnodes)
part("partial_progrec", progrec)
part("partial_rossi_age", make(rossi$arrest, rossi$age, ">"))

# Sensitivity at a specificity, straight between points.
at <- c(0, 0.1, 0.3, 0.5, 0.77, 0.9, 0.95, 1)
heights <- coords(progrec, at, input = "specificity", ret = "sensitivity", transpose = FALSE)[, 1]
for (i in seq_along(at)) note("band_progrec", sprintf("%g", at[i]), "sensitivity", heights[i])

# The best point that reaches a target, from all points.
reach <- function(analysis, curve, target) {
  all <- coords(curve, "all", ret = c("threshold", "sensitivity", "specificity"), transpose = FALSE)
  kept <- all[all$sensitivity >= target, ]
  kept <- kept[kept$specificity == max(kept$specificity), ]
  best <- kept[which.max(kept$sensitivity), ]
  for (quantity in names(best)) note(analysis, sprintf("sensitivity %g", target), quantity, best[[quantity]])
  kept <- all[all$specificity >= target, ]
  kept <- kept[kept$sensitivity == max(kept$sensitivity), ]
  best <- kept[which.max(kept$specificity), ]
  for (quantity in names(best)) note(analysis, sprintf("specificity %g", target), quantity, best[[quantity]])
}
for (target in c(0.5, 0.8)) reach("target_pnodes", pnodes, target)
for (target in c(0.5, 0.8, 0.9)) reach("target_progrec", progrec, target)

# Paired tests.
# A lower score that speaks for the event is turned round, as pROC warns of tests between directions.
curves <- list(pnodes = pnodes, progrec = make(gbsg2$cens, -gbsg2$progrec, "<"),
               estrec = make(gbsg2$cens, -gbsg2$estrec, "<"), tsize = make(gbsg2$cens, gbsg2$tsize, "<"))
for (pair in combn(names(curves), 2, simplify = FALSE)) {
  test <- roc.test(curves[[pair[1]]], curves[[pair[2]]], method = "delong", paired = TRUE)
  term <- paste(pair, collapse = " against ")
  note("paired", term, "estimate", test$estimate[1] - test$estimate[2])
  note("paired", term, "statistic", test$statistic)
  note("paired", term, "p_value", test$p.value)
  note("paired", term, "conf_low", test$conf.int[1])
  note("paired", term, "conf_high", test$conf.int[2])
}
areas <- sapply(curves, function(curve) as.numeric(auc(curve)))
spread <- outer(names(curves), names(curves), Vectorize(function(a, b) {
  if (a == b) var(curves[[a]], method = "delong") else cov(curves[[a]], curves[[b]], method = "delong")
}))
contrasts <- cbind(diag(3), 0) - cbind(0, diag(3))
gap <- contrasts %*% areas
statistic <- drop(t(gap) %*% solve(contrasts %*% spread %*% t(contrasts), gap))
note("paired", "all scores", "statistic", statistic)
note("paired", "all scores", "p_value", pchisq(statistic, 3, lower.tail = FALSE))

# Unpaired tests: the same score in other patients.
for (score in c("pnodes", "progrec")) {
  parts <- lapply(c("no", "yes"), function(level) {
    here <- gbsg2[gbsg2$horTh == level, ]
    make(here$cens, here[[score]], if (score == "pnodes") "<" else ">")
  })
  test <- roc.test(parts[[1]], parts[[2]], method = "delong", paired = FALSE)
  note("unpaired", score, "estimate", test$estimate[1] - test$estimate[2])
  note("unpaired", score, "statistic", test$statistic)
  note("unpaired", score, "df", test$parameter)
  note("unpaired", score, "p_value", test$p.value)
}
write.csv(do.call(rbind, found), file.path(folders[2], "roc_more.csv"), row.names = FALSE, quote = FALSE)
