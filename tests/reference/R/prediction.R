# Rscript prediction.R <inputs> <outputs>: time-dependent AUC and Brier score (riskRegression), calibration (rms, survival),
# net benefit by formula.
library(survival)
library(rms)
library(prodlim)
library(riskRegression)
folders <- commandArgs(trailingOnly = TRUE)
read <- function(name) read.csv(file.path(folders[1], paste0(name, ".csv")), stringsAsFactors = FALSE)
found <- list()
note <- function(analysis, term, quantity, value) {
  found[[length(found) + 1]] <<- data.frame(analysis = analysis, term = term, quantity = quantity,
                                            value = sprintf("%.17g", as.numeric(value)))
}
tight <- glm.control(epsilon = 1e-15, maxit = 100)
gbsg2 <- read("gbsg2")
gbsg2$untied <- gbsg2$time + seq_len(nrow(gbsg2)) / 1024
gbsg2$kind <- ifelse(gbsg2$cens == 1, ifelse(seq_len(nrow(gbsg2)) %% 4 == 0, 2, 1), 0)
names(gbsg2)[names(gbsg2) == "cens"] <- "event"
times <- c(500, 1000, 1500)

# Time-dependent AUC: tied and untied follow-up, then with a competing event.
areas <- function(analysis, formula, cause) {
  scores <- list(pnodes = gbsg2$pnodes, tsize = gbsg2$tsize)
  fit <- Score(scores, formula = formula, data = gbsg2, times = times, metrics = "AUC", cens.model = "km", cause = cause,
               conf.int = TRUE, null.model = FALSE)
  for (i in seq_len(nrow(fit$AUC$score))) {
    row <- fit$AUC$score[i, ]
    for (pair in list(c("AUC", "estimate"), c("se", "std_error"), c("lower", "conf_low"), c("upper", "conf_high")))
      note(analysis, sprintf("%s %g", row$model, row$times), pair[2], row[[pair[1]]])
  }
  for (i in seq_len(nrow(fit$AUC$contrasts))) {
    row <- fit$AUC$contrasts[i, ]
    note(analysis, sprintf("tsize against pnodes %g", row$times), "estimate", row$delta.AUC)
    note(analysis, sprintf("tsize against pnodes %g", row$times), "std_error", row$se)
  }
}
areas("time_auc_tied", Hist(time, event) ~ 1, 1)
areas("time_auc_untied", Hist(untied, event) ~ 1, 1)
areas("time_auc_competing", Hist(untied, kind) ~ 1, 1)
gbsg2 <- as.data.frame(gbsg2) # Score makes a data.table of it

# A risk that is given: by a formula, of an outcome that every row knows.
gbsg2$risk <- plogis(-1.4 + 0.11 * gbsg2$pnodes + 0.015 * gbsg2$tsize)
measures <- function(analysis, risk) {
  y <- gbsg2$event
  stats <- suppressWarnings(val.prob(risk, y, pl = FALSE))
  note(analysis, "risk", "c_statistic", somers2(risk, y)[["C"]]) # that of val.prob is binned
  for (pair in list(c("Brier", "brier"), c("Emax", "emax"), c("E90", "e90"), c("Eavg", "ici"),
                    c("S:z", "spiegelhalter_statistic"), c("S:p", "spiegelhalter_p")))
    note(analysis, "risk", pair[2], stats[[pair[1]]])
  predictor <- qlogis(risk)
  large <- glm(y ~ 1, offset = predictor, family = binomial, control = tight)
  both <- glm(y ~ predictor, family = binomial, control = tight)
  # One more step from the maximum gives standard errors that belong to it.
  spread <- function(fit, x) { p <- fitted(fit); sqrt(diag(solve(crossprod(x * sqrt(p * (1 - p)))))) }
  note(analysis, "risk", "calibration_in_the_large", coef(large))
  note(analysis, "risk", "calibration_in_the_large_error", spread(large, matrix(1, length(y))))
  note(analysis, "risk", "calibration_intercept", coef(both)[1])
  note(analysis, "risk", "calibration_slope", coef(both)[2])
  errors <- spread(both, cbind(1, predictor))
  note(analysis, "risk", "calibration_intercept_error", errors[1])
  note(analysis, "risk", "calibration_slope_error", errors[2])
  note(analysis, "risk", "brier_scaled", 1 - mean((y - risk)^2) / (mean(y) * (1 - mean(y))))
  note(analysis, "risk", "observed_expected", mean(y) / mean(risk))
  note(analysis, "risk", "e50", median(abs(risk - approx(lowess(risk, y, iter = 0), xout = risk, ties = mean)$y)))
  # Tenths, each with Wilson's limits.
  group <- findInterval(risk, quantile(risk, (1:9) / 10), left.open = TRUE)
  for (k in sort(unique(group))) {
    here <- group == k
    limits <- suppressWarnings(prop.test(sum(y[here]), sum(here), correct = FALSE)$conf.int)
    for (pair in list(list("predicted", mean(risk[here])), list("observed", mean(y[here])), list("n", sum(here)),
                      list("conf_low", limits[1]), list("conf_high", limits[2])))
      note(paste0(analysis, "_groups"), sprintf("%d", k), pair[[1]], pair[[2]])
  }
}
measures("calibration_given", gbsg2$risk)

# Models fitted to the data; samples whose rows follow a formula, the same here and there.
n <- nrow(gbsg2)
rows_of <- function(b) floor(n * ((seq_len(n) * 0.6180339887498949 * b + 0.31 * b * b) %% 1)) + 1
harrell <- function(time, event, predictor) {
  concordance(Surv(time, event) ~ predictor, reverse = TRUE)$concordance
}
binary_measures <- function(y, predictor) {
  p <- plogis(predictor)
  line <- coef(glm(y ~ predictor, family = binomial, control = tight))
  c(c_statistic = (mean(rank(predictor)[y == 1]) - (sum(y) + 1) / 2) / sum(y == 0),
    calibration_intercept = line[[1]], calibration_slope = line[[2]], brier = mean((y - p)^2),
    brier_scaled = 1 - mean((y - p)^2) / (mean(y) * (1 - mean(y))))
}
logistic <- event ~ pnodes + age + tsize
full <- glm(logistic, data = gbsg2, family = binomial, control = tight)
for (quantity in names(coef(full))) note("calibration_logistic", quantity, "coefficient", coef(full)[[quantity]])
x <- model.matrix(logistic, gbsg2)
gain <- sapply(1:7, function(b) {
  part <- gbsg2[rows_of(b), ]
  fit <- glm(logistic, data = part, family = binomial, control = tight)
  binary_measures(part$event, drop(x[rows_of(b), ] %*% coef(fit))) - binary_measures(gbsg2$event, drop(x %*% coef(fit)))
})
for (b in 1:7) for (quantity in rownames(gain)) note("optimism_logistic", sprintf("%d", b), quantity, gain[quantity, b])

# The same under censoring: risk of the event by 1000 days.
moment <- 1000
control <- coxph.control(eps = 1e-14, toler.chol = 1e-15, iter.max = 100)
brier <- function(data, risk) {
  # Weights by the reverse product-limit curve; events come before censorings at a tie.
  censoring <- prodlim(Hist(time, event) ~ 1, data = data, reverse = TRUE)
  before <- predictSurvIndividual(censoring, lag = 1)
  # The order of rows is that of prodlim: by time, events first.
  order <- order(data$time, -data$event)
  weight <- numeric(nrow(data)); weight[order] <- before
  case <- data$event == 1 & data$time <= moment
  weight <- ifelse(case, 1 / weight, ifelse(data$time > moment, 1 / predict(censoring, times = moment, type = "surv"), 0))
  km <- summary(survfit(Surv(time, event) ~ 1, data = data), times = moment)$surv
  c(mean(weight * (case - risk)^2), mean(weight * (case - (1 - km))^2))
}
cox <- Surv(time, event) ~ pnodes + age + tsize
absolute <- function(fit, rows) {
  # survfit's curve at a row, in the ties' own hazard; predictions for all rows share its baseline.
  base <- survfit(fit, newdata = data.frame(pnodes = 0, age = 50, tsize = 20))
  hazard <- -log(summary(base, times = moment)$surv)
  beta <- coef(fit)
  log(hazard) + drop(as.matrix(rows[names(beta)]) %*% beta) - sum(beta * c(0, 50, 20))
}
survival_measures <- function(data, predictor) {
  scores <- brier(data, 1 - exp(-exp(predictor)))
  slope <- coef(coxph(Surv(data$time, data$event) ~ predictor, control = control))
  c(c_statistic = harrell(data$time, data$event, predictor), calibration_slope = slope[[1]], brier = scores[1],
    brier_scaled = 1 - scores[1] / scores[2])
}
for (ties in c("efron", "breslow")) {
  fit <- coxph(cox, data = gbsg2, ties = ties, control = control, model = TRUE)
  predictor <- absolute(fit, gbsg2)
  for (i in c(1, 100, 686)) note(paste0("risk_", ties), sprintf("%d", i), "log_hazard", predictor[i])
}
fit <- coxph(cox, data = gbsg2, control = control, model = TRUE)
gain <- sapply(1:7, function(b) {
  part <- gbsg2[rows_of(b), ]
  model <- coxph(cox, data = part, control = control, model = TRUE)
  survival_measures(part, absolute(model, part)) - survival_measures(gbsg2, absolute(model, gbsg2))
})
for (b in 1:7) for (quantity in rownames(gain)) note("optimism_cox", sprintf("%d", b), quantity, gain[quantity, b])

# A risk that is given, under censoring.
gbsg2$late <- 1 - exp(-0.24 * exp(0.055 * (gbsg2$pnodes - 5) + 0.01 * (gbsg2$tsize - 29)))
predictor <- log(-log(1 - gbsg2$late))
slope <- coxph(Surv(time, event) ~ predictor, data = gbsg2, control = control)
all <- summary(survfit(Surv(time, event) ~ 1, data = gbsg2), times = moment)
note("calibration_survival", "late", "calibration_slope", coef(slope))
note("calibration_survival", "late", "calibration_slope_error", sqrt(vcov(slope)))
note("calibration_survival", "late", "c_statistic", harrell(gbsg2$time, gbsg2$event, predictor))
note("calibration_survival", "late", "observed_expected", (1 - all$surv) / mean(gbsg2$late))
error <- all$std.err / (1 - all$surv)
note("calibration_survival", "late", "observed_expected_low", (1 - all$surv) / mean(gbsg2$late) * exp(-qnorm(0.975) * error))
scores <- Score(list(late = matrix(gbsg2$late)), formula = Surv(time, event) ~ 1, data = gbsg2, times = moment, metrics = "brier",
                cens.model = "km", conf.int = FALSE, summary = "ipa")
rows <- scores$Brier$score
note("calibration_survival", "late", "brier", rows$Brier[rows$model == "late"])
note("calibration_survival", "late", "brier_scaled", rows$IPA[rows$model == "late"])
places <- quantile(predictor, c(0.05, 0.35, 0.65, 0.95))
gbsg2$predictor <- predictor
bend <- coxph(Surv(time, event) ~ rcspline.eval(predictor, knots = places, inclx = TRUE), data = gbsg2, control = control)
smooth <- 1 - as.numeric(exp(-predict(bend, type = "expected", newdata = transform(gbsg2, time = moment))))
gap <- abs(smooth - gbsg2$late)
for (pair in list(list("ici", mean(gap)), list("e50", median(gap)), list("e90", quantile(gap, 0.9)), list("emax", max(gap))))
  note("calibration_survival", "late", pair[[1]], pair[[2]])
group <- findInterval(gbsg2$late, quantile(gbsg2$late, (1:4) / 5), left.open = TRUE)
for (k in 0:4) {
  here <- summary(survfit(Surv(time, event) ~ 1, data = gbsg2[group == k, ], conf.type = "log-log"), times = moment)
  for (pair in list(list("predicted", mean(gbsg2$late[group == k])), list("observed", 1 - here$surv),
                    list("conf_low", 1 - here$upper), list("conf_high", 1 - here$lower)))
    note("calibration_survival_groups", sprintf("%d", k), pair[[1]], pair[[2]])
}

# Net benefit (Vickers 2006, 2008), a threshold at a time.
thresholds <- c(0.05, 0.1, 0.2, 0.35, 0.5, 0.6)
for (threshold in thresholds) {
  odds <- threshold / (1 - threshold)
  treated <- gbsg2$risk >= threshold
  note("net_benefit", sprintf("%g", threshold), "given",
       sum(treated & gbsg2$event == 1) / n - odds * sum(treated & gbsg2$event == 0) / n)
  note("net_benefit", sprintf("%g", threshold), "all", mean(gbsg2$event) - odds * (1 - mean(gbsg2$event)))
  late <- gbsg2$late >= threshold
  among <- summary(survfit(Surv(time, event) ~ 1, data = gbsg2[late, ]), times = moment)$surv
  note("net_benefit_survival", sprintf("%g", threshold), "given", (1 - among) * mean(late) - odds * among * mean(late))
  note("net_benefit_survival", sprintf("%g", threshold), "all", (1 - all$surv) - odds * all$surv)
  note("net_benefit", sprintf("%g", threshold), "model", {
    treated <- fitted(full) >= threshold
    sum(treated & gbsg2$event == 1) / n - odds * sum(treated & gbsg2$event == 0) / n
  })
}
write.csv(do.call(rbind, found), file.path(folders[2], "prediction.csv"), row.names = FALSE, quote = FALSE)
