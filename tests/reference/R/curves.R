# Rscript curves.R <inputs> <outputs>: restricted means, differences, and the further log-rank tests of survival's survfit and survdiff.
library(survival)
folders <- commandArgs(trailingOnly = TRUE)
read <- function(name) read.csv(file.path(folders[1], paste0(name, ".csv")), stringsAsFactors = FALSE)
found <- list()
note <- function(analysis, term, quantity, value) {
  found[[length(found) + 1]] <<- data.frame(analysis = analysis, term = term, quantity = quantity,
                                            value = sprintf("%.17g", value))
}
lung <- read("lung")
rossi <- read("rossi")
gbsg2 <- read("gbsg2")
gbsg2$grade <- match(gbsg2$tgrade, c("I", "II", "III")) - 1
z <- qnorm(0.975)

contrast <- function(name, term, quantity, value, error, ratio = FALSE) {
  middle <- if (ratio) log(value[2] / value[1]) else value[2] - value[1]
  spread <- if (ratio) sqrt(sum((error / value)^2)) else sqrt(sum(error^2))
  back <- if (ratio) exp else identity
  note(name, term, quantity, back(middle))
  note(name, term, paste0(quantity, "_error"), spread)
  note(name, term, paste0(quantity, "_low"), back(middle - z * spread))
  note(name, term, paste0(quantity, "_high"), back(middle + z * spread))
  note(name, term, paste0(quantity, "_p"), 2 * pnorm(-abs(middle / spread)))
}

means <- function(name, formula, data, tau) {
  environment(formula) <- environment()
  table <- summary(survfit(formula, data), rmean = tau)$table
  note(name, sub(".*=", "", rownames(table)), "rmst", unname(table[, "rmean"]))
  note(name, sub(".*=", "", rownames(table)), "rmst_error", unname(table[, "se(rmean)"]))
  contrast(name, "model", "rmst_difference", table[, "rmean"], table[, "se(rmean)"])
  contrast(name, "model", "rmst_ratio", table[, "rmean"], table[, "se(rmean)"], ratio = TRUE)
}
means("rmst_lung", Surv(time, status) ~ sex, lung, 500)
means("rmst_lung_tie", Surv(time, status) ~ sex, lung, 351)
means("rmst_rossi", Surv(week, arrest) ~ fin, rossi, 52)
means("rmst_landmark", Surv(time - 180, status) ~ sex, lung[lung$time > 180, ], 365)

# Weighted: the area of each subject's weighted influence on the curve.
lung$case_weight <- 1 + (lung$age %% 5) / 2
for (level in 1:2) {
  data <- lung[lung$sex == level, ]
  fit <- survfit(Surv(time, status) ~ 1, data, weights = case_weight, robust = TRUE, influence = TRUE)
  inside <- fit$time < 500
  widths <- diff(c(fit$time[inside], 500))
  influence <- fit$influence.surv[, inside, drop = FALSE] %*% widths
  note("rmst_weighted", level, "rmst", sum(c(fit$time[1], widths) * c(1, fit$surv[inside])))
  note("rmst_weighted", level, "rmst_error", sqrt(sum(influence^2)))
}

differences <- function(name, formula, data, times, weights = NULL) {
  environment(formula) <- environment()
  data$case_weight <- if (is.null(weights)) rep(1, nrow(data)) else weights
  fit <- if (is.null(weights)) survfit(formula, data)
         else survfit(formula, data, weights = case_weight, robust = TRUE)
  at <- summary(fit, times = times)
  for (time in times) {
    here <- at$time == time
    contrast(name, time, "survival_difference", at$surv[here], at$std.err[here])
  }
}
differences("difference_lung", Surv(time, status) ~ sex, lung, c(100, 365, 500))
differences("difference_weighted", Surv(time, status) ~ sex, lung, c(100, 365, 500), weights = lung$case_weight)
differences("difference_rossi", Surv(week, arrest) ~ fin, rossi, c(26, 52))

ranks <- function(name, formula, data, rho = 0) {
  test <- survdiff(formula, data, rho = rho)
  note(name, "model", "chisq", test$chisq)
  invisible(test)
}
note_trend <- function(name, test) {
  gap <- rowSums(as.matrix(test$obs)) - rowSums(as.matrix(test$exp))
  scores <- seq_along(gap) - 1
  note(name, "model", "trend", sum(scores * gap)^2 / drop(scores %*% test$var %*% scores))
}
note_trend("grade", ranks("grade", Surv(time, cens) ~ tgrade, gbsg2))
note_trend("grade_strata", ranks("grade_strata", Surv(time, cens) ~ tgrade + strata(horTh, menostat), gbsg2))
note_trend("grade_rho", ranks("grade_rho", Surv(time, cens) ~ tgrade, gbsg2, rho = 1))
note_trend("grade_all", ranks("grade_all", Surv(time, cens) ~ tgrade + strata(horTh), gbsg2, rho = 0.5))
ranks("lung_rho", Surv(time, status) ~ sex, lung, rho = 1)
ranks("rossi_rho", Surv(week, arrest) ~ fin, rossi, rho = 1)
ranks("rossi_strata", Surv(week, arrest) ~ fin + strata(race, wexp), rossi)
# The score test of the discrete proportional hazards model is the log-rank test for trend.
note("grade", "model", "trend_of_cox",
     unname(summary(coxph(Surv(time, cens) ~ grade, gbsg2, ties = "exact"))$sctest["test"]))

pairs <- combn(c("I", "II", "III"), 2)
p <- apply(pairs, 2, function(pair) {
  test <- survdiff(Surv(time, cens) ~ tgrade, gbsg2[gbsg2$tgrade %in% pair, ])
  note("pairs", paste(pair[2], "against", pair[1]), "chisq", test$chisq)
  pchisq(test$chisq, 1, lower.tail = FALSE)
})
for (method in c("bonferroni", "holm", "BH"))
  note("pairs", paste(pairs[2, ], "against", pairs[1, ]), method, p.adjust(p, method))
write.csv(do.call(rbind, found), file.path(folders[2], "curves.csv"), row.names = FALSE, quote = FALSE)
