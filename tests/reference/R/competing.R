# Rscript competing.R <inputs> <outputs>: survival's survfit of several states, finegray with coxph; cmprsk's cuminc and crr.
library(survival)
library(cmprsk)
folders <- commandArgs(trailingOnly = TRUE)
found <- list()
note <- function(analysis, term, quantity, value) {
  found[[length(found) + 1]] <<- data.frame(analysis = analysis, term = term, quantity = quantity,
                                            value = sprintf("%.17g", value))
}
data <- read.csv(file.path(folders[1], "competing.csv"), stringsAsFactors = FALSE)
data$cause <- data$event + 2 * data$competing
data$state <- factor(data$cause, 0:2, c("censored", "event", "competing"))
data$id <- seq_len(nrow(data))
data$post <- as.integer(data$menostat == "Post")
data$grade2 <- as.integer(data$tgrade == "II")
data$grade3 <- as.integer(data$tgrade == "III")

incidence <- function(name, formula, times, weighted = FALSE) {
  environment(formula) <- environment()
  for (kind in c("log-log", "log", "plain")) {
    fit <- if (weighted) survfit(formula, data, id = id, weights = weight, conf.type = kind)
           else survfit(formula, data, id = id, conf.type = kind)
    at <- summary(fit, times = times)
    label <- paste(sub(".*=", "", as.character(at$strata)), at$time)
    for (state in c("event", "competing")) {
      column <- match(state, fit$states)
      note(name, label, paste0(state, "_low_", kind), at$lower[, column])
      note(name, label, paste0(state, "_high_", kind), at$upper[, column])
    }
  }
  for (state in c("event", "competing")) {
    column <- match(state, fit$states)
    note(name, label, state, at$pstate[, column])
    note(name, label, paste0(state, "_error"), at$std.err[, column])
  }
}
incidence("months", Surv(month, state) ~ tgrade, c(4, 12, 24, 36))
incidence("days", Surv(day, state) ~ horTh, c(365, 1000, 2000))
incidence("weighted", Surv(month, state) ~ horTh, c(4, 12, 24, 36), weighted = TRUE)
one_minus <- summary(survfit(Surv(month, event) ~ tgrade, data), times = c(4, 12, 24, 36))
note("months", paste(sub(".*=", "", as.character(one_minus$strata)), one_minus$time), "one_minus_km", 1 - one_minus$surv)

points <- timepoints(cuminc(data$month, data$cause, data$tgrade), c(4, 12, 24, 36))$est
note("months_cuminc", paste(rep(rownames(points), ncol(points)), rep(colnames(points), each = nrow(points))), "incidence",
     as.vector(points))
gray <- function(name, time, group, rows = TRUE) {
  tests <- cuminc(time[rows], data$cause[rows], group[rows])$Tests
  note(name, c("event", "competing"), "gray", unname(tests[, "stat"]))
  note(name, c("event", "competing"), "gray_p", unname(tests[, "pv"]))
}
gray("gray_months", data$month, data$tgrade)
gray("gray_days", data$day, data$tgrade)
gray("gray_therapy", data$month, data$horTh)
gray("gray_menostat", data$time, data$menostat)
# One group ends early, all of it with an event: its curve is at 0 while others are still followed.
ends <- data$horTh == 0 | (data$cens == 1 & data$month < 20)
gray("gray_exhausted", data$month, data$horTh, ends)

regression <- function(name, time, ties) {
  data$when <- time
  long <- finegray(Surv(when, state) ~ ., data[c("when", "state", "id", "horTh", "age", "pnodes", "post", "grade2", "grade3")],
                   etype = "event")
  fit <- coxph(Surv(fgstart, fgstop, fgstatus) ~ horTh + age + pnodes + post + grade2 + grade3, long, weights = fgwt,
               cluster = id, ties = ties, control = coxph.control(eps = 1e-13, toler.chol = 1e-14, iter.max = 50))
  note(name, names(coef(fit)), "coefficient", unname(coef(fit)))
  note(name, names(coef(fit)), "std_error", unname(sqrt(diag(vcov(fit)))))
  note(name, "model", "log_likelihood", fit$loglik[2])
  note(name, "model", "wald_test", sum(coef(fit) * solve(vcov(fit), coef(fit))))
}
regression("finegray_months", data$month, "efron")
regression("finegray_months_breslow", data$month, "breslow")
regression("finegray_days", data$day, "efron")
covariates <- as.matrix(data[c("horTh", "age", "pnodes", "post", "grade2", "grade3")])
for (unit in c("month", "day")) {
  fit <- crr(data[[unit]], data$cause, covariates, gtol = 1e-12, maxiter = 50)
  note(paste0("crr_", unit, "s"), colnames(covariates), "coefficient", unname(fit$coef))
  note(paste0("crr_", unit, "s"), colnames(covariates), "std_error", sqrt(diag(fit$var)))
}
write.csv(do.call(rbind, found), file.path(folders[2], "competing.csv"), row.names = FALSE, quote = FALSE)
